package features

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Lengths are known before clips are read, whatever wraps the set, and batches are of clips of
// like length.
func TestFeaturesLength(t *testing.T) {
	set, err := Open(t.Context(), "features:"+plantFeatures(t), Options{Options: datasets.Options{Normalise: "none"}, Steps: preprocess.AllSteps})
	require.NoError(t, err)
	defer set.Close()
	set, err = datasets.Holdout(set, 0.25, 1)
	require.NoError(t, err)
	x := make([]float32, 2*set.Steps())
	for _, p := range []datasets.Part{datasets.Train, datasets.Validation, datasets.Test} {
		require.NotZero(t, set.Clips(p))
		for i := range set.Clips(p) {
			_, steps, err := set.Read(p, i, x)
			require.NoError(t, err)
			require.Equal(t, steps, datasets.Length(set, p, i))
		}
	}
	var spans [][]int // of the lengths in a batch
	for b, err := range datasets.Batches(set, datasets.Train, 3, datasets.OrderByLength(set, datasets.Train, 3, 1, 0)) {
		require.NoError(t, err)
		if b.Len == 3 {
			spans = append(spans, []int{slices.Min(b.Steps), slices.Max(b.Steps)})
		}
	}
	slices.SortFunc(spans, slices.Compare)
	require.Greater(t, len(spans), 2)
	for k := range spans[1:] {
		require.LessOrEqual(t, spans[k][1], spans[k+1][0])
	}
}

// Damaged clips, those found when the set is opened or later, reorder no clips of one length.
func TestFeaturesOfOneLength(t *testing.T) {
	root := t.TempDir()
	for k := range 40 {
		values := []float32{1, 2, 3}
		if k == 5 {
			values[2] = float32(math.NaN())
		}
		writeFeatures(t, root, fmt.Sprintf("%c/%02d.npy", 'a'+k%2, k), 1, values...)
	}
	for _, k := range []int{2, 7, 8} { // one of them at least is in the training part
		require.NoError(t, os.WriteFile(filepath.Join(root, fmt.Sprintf("%c/%02d.npy", 'a'+k%2, k)), nil, 0o600))
	}
	set, err := Open(t.Context(), "features:"+root, Options{Options: datasets.Options{Normalise: "none", Split: "random:1/4"}, MaxBad: 0.5})
	require.NoError(t, err)
	defer set.Close()
	n := set.Clips(datasets.Train)
	require.Equal(t, datasets.Order(n, 3, 1), datasets.OrderByLength(set, datasets.Train, 2, 3, 1))
}
