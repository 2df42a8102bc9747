package cells_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
)

// Equal matrices of layers are one, which is planned once.
func TestEqualLayersShareTheirMatrices(t *testing.T) {
	layer := func(rank int) cells.Layer {
		tt := decomp.TT{Ranks: []int{rank}}
		return cells.Layer{Cell: cells.GRU{}, In: []int{4, 4}, Out: []int{4, 4}, Input: tt, Recurrent: tt}
	}
	stack, err := cells.New(layer(2), layer(2), layer(3))
	require.NoError(t, err)
	require.Same(t, stack.InputMatrix(0), stack.InputMatrix(1))
	require.Same(t, stack.InputMatrix(0), stack.Weights()[1].Matrix, "the same modes and ranks")
	require.NotSame(t, stack.InputMatrix(0), stack.InputMatrix(2))
}
