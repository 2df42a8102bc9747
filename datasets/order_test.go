package datasets

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every clip comes once, in an order that the seed and the epoch fix; clips of a batch are as
// alike in length as those drawn with them allow, and a batch of fewer clips is the last.
func TestOrderByLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 30), 0, 300).Draw(t, "lengths")
		size, seed := rapid.IntRange(1, 9).Draw(t, "size"), rapid.Uint64().Draw(t, "seed")
		all := make([]int, len(lengths))
		for i := range all {
			all[i] = i
		}
		table := Table{Length: func(i int) int { return lengths[i] }}
		table.Parts[Train] = all
		s := New(table)
		order := OrderByLength(s, Train, size, seed, 1)
		require.Equal(t, order, OrderByLength(s, Train, size, seed, 1))
		require.Equal(t, all, append([]int{}, slices.Sorted(slices.Values(order))...))
		if len(lengths) > 50*size {
			return
		}
		// All are drawn together: sorted by length, the batches are those of all clips sorted.
		type ends struct{ least, most int }
		var batches []ends
		for b := range slices.Chunk(order[:len(order)/size*size], size) {
			n := make([]int, len(b))
			for k, i := range b {
				n[k] = lengths[i]
			}
			batches = append(batches, ends{slices.Min(n), slices.Max(n)})
		}
		slices.SortFunc(batches, func(a, b ends) int {
			if a.least != b.least {
				return a.least - b.least
			}
			return a.most - b.most
		})
		for k := 1; k < len(batches); k++ {
			require.LessOrEqual(t, batches[k-1].most, batches[k].least)
		}
	})
	table := Table{}
	table.Parts[Train] = []int{0, 1, 2, 3}
	require.Equal(t, Order(4, 7, 2), OrderByLength(New(table), Train, 2, 7, 2), "lengths are not known")
}
