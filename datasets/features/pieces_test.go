package features

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// Clips that are read in pieces are the same clips, whatever wraps the set, and a clip that is
// damaged behind its first piece is left out as a whole.
func TestFeaturesInPieces(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		root, features := t.TempDir(), rapid.IntRange(1, 3).Draw(rt, "features")
		for k := range 8 {
			steps := rapid.IntRange(1, 9).Draw(rt, "steps")
			values := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), steps*features, steps*features).Draw(rt, "values")
			if k == 3 {
				values[len(values)-1] = float32(math.NaN())
			}
			writeFeatures(t, root, fmt.Sprintf("%c/%d.npy", 'a'+k%2, k), features, values...)
		}
		set, err := Open(t.Context(), "features:"+root, Options{Options: datasets.Options{Normalise: "channel", Split: "random:1/2"}, MaxBad: 0.5})
		require.NoError(rt, err)
		defer set.Close()
		set = datasets.Augment(set, datasets.Augmentation{Brightness: 0.3}, 1, 2)
		piece, size := rapid.IntRange(1, 9).Draw(rt, "piece"), rapid.IntRange(1, 4).Draw(rt, "size")
		for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
			order := datasets.Order(set.Clips(p), 1, 0)
			var batches []datasets.Batch
			for b, err := range datasets.Batches(set, p, size, order) {
				require.NoError(rt, err)
				batches = append(batches, datasets.Batch{X: slices.Clone(b.X), Steps: slices.Clone(b.Steps), Clips: slices.Clone(b.Clips)})
			}
			next, longest := 0, set.Steps()
			for b, err := range datasets.Pieces(set, p, size, piece, order) {
				require.NoError(rt, err)
				require.Equal(rt, next, b.From)
				want := batches[0]
				require.True(rt, slices.Equal(want.Clips, b.Clips))
				require.True(rt, slices.Equal(want.Steps, b.Steps))
				n := min(piece, longest)
				for k := range b.Len {
					for s := range n {
						for f := range features {
							v := float32(0) // behind the end
							if t := b.From + s; t < longest {
								v = want.X[(k*longest+t)*features+f]
							}
							require.Equal(rt, v, b.X[(k*n+s)*features+f])
						}
					}
				}
				if next += n; !b.More {
					if b.Len > 0 {
						require.Less(rt, b.From, slices.Max(b.Steps))
						require.GreaterOrEqual(rt, next, slices.Max(b.Steps))
					}
					next, batches = 0, batches[1:]
				}
			}
			require.Empty(rt, batches)
		}
	})
}
