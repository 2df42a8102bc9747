package train

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// holed is a set some clips of which are damaged.
type holed struct {
	datasets.Set
	bad func(i int) bool
}

func (h holed) Read(p datasets.Part, i int, x []float32) (label, steps int, err error) {
	if h.bad(i) {
		return 0, 0, &datasets.SkipError{Path: "clip", Err: errors.New("damaged")}
	}
	return h.Set.Read(p, i, x)
}

// Damaged clips are left out: of the scores, of steps, of which some have no other
// clips, and of runs that are interrupted, which come to the same bits.
func TestDamagedClips(t *testing.T) {
	const clips = 24
	set := holed{newWalks(clips, 5, true), func(i int) bool { return i%4 == 1 || i > 20 }}
	good := 0
	for i := range clips {
		if !set.bad(i) {
			good++
		}
	}
	for _, batch := range []int{1, 5} {
		cfg := config(3)
		cfg.Batch, cfg.Accumulate = batch, 2
		whole := newModel(t, 1, 0)
		r, err := Run(context.Background(), whole, set, cfg)
		require.NoError(t, err)
		steps := (clips + 2*batch - 1) / (2 * batch)
		for k, e := range r.Epochs {
			require.Equal(t, good, e.Train.Clips)
			require.Equal(t, steps*(k+1), e.Updates)
		}
		require.Less(t, r.Test.Clips, set.Clips(datasets.Test))
		require.Len(t, r.Test.Labels, r.Test.Clips)
		require.Len(t, r.Test.Index, r.Test.Clips)
		for k, i := range r.Test.Index {
			require.False(t, set.bad(i))
			require.Equal(t, set.Set.(*walks).class[datasets.Test][i], r.Test.Labels[k])
		}

		cfg.Dir = t.TempDir()
		m, _ := resumed(t, newModel(t, 1, 0), set, cfg, rand.New(rand.NewPCG(uint64(batch), 1)))
		require.Equal(t, weights(whole), weights(m))
	}

	all := holed{set.Set, func(int) bool { return true }}
	_, err := Run(context.Background(), newModel(t, 1, 0), all, config(1))
	require.ErrorContains(t, err, "is damaged")
}
