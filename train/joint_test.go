package train

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// A fully decomposed model learns as others do: one seed gives the same bits
// twice, and after stops and resumptions.
func TestJointRun(t *testing.T) {
	set := newWalks(50, 40, true)
	made := func() *zoo.Model {
		m, err := zoo.FromSpec(zoo.Spec{
			Cell: "gru", Format: decomp.HT{Leaf: []int{3}}, InModes: []int{2, 2}, OutModes: []int{4, 2},
			Joint: true, RecurrentDropout: 0.1,
		}, zoo.Options{Classes: 2, Seed: 1})
		require.NoError(t, err)
		return m
	}
	cfg := config(15)
	cfg.Threads, cfg.Dir = 2, t.TempDir()
	through := made()
	want, err := Run(context.Background(), through, set, cfg)
	require.NoError(t, err)
	require.Less(t, want.Epochs[14].Train.Loss, want.Epochs[0].Train.Loss/2)
	require.Greater(t, want.Test.Accuracy, 0.85)
	wanted := files(t, cfg.Dir)

	cfg.Dir = t.TempDir()
	twice := made()
	_, err = Run(context.Background(), twice, set, cfg)
	require.NoError(t, err)
	require.Equal(t, weights(through), weights(twice))
	require.Equal(t, wanted, files(t, cfg.Dir))

	cfg.Dir = t.TempDir()
	m, got := resumed(t, made(), set, cfg, rand.New(rand.NewPCG(1, 1)))
	require.Equal(t, weights(through), weights(m))
	require.Equal(t, want.Test, got.Test)
	require.Equal(t, wanted, files(t, cfg.Dir))
}
