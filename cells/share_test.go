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
	input, recurrent := stack.Products(0)
	same, _ := stack.Products(1)
	other, _ := stack.Products(2)
	require.Same(t, input, same)
	require.Same(t, input, recurrent, "the same modes and ranks")
	require.NotSame(t, input, other)
}
