package datasets

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestOrderIsPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		epoch := rapid.Int().Draw(t, "epoch")
		order := Order(n, seed, epoch)
		assert.Equal(t, order, Order(n, seed, epoch), "the same again")
		slices.Sort(order)
		assert.Len(t, order, n)
		for i, v := range order {
			assert.Equal(t, i, v)
		}
	})
	assert.Empty(t, Order(-1, 0, 0))
	assert.Empty(t, Order(math.MinInt, 0, 0))
}

// Neighbouring seeds and epochs, the ones people use, give unrelated orders.
func TestOrderDiffers(t *testing.T) {
	const n = 256
	var orders [][]int
	for seed := range uint64(12) {
		for epoch := range 12 {
			orders = append(orders, Order(n, seed, epoch))
		}
	}
	for i, a := range orders {
		for _, b := range orders[:i] {
			same := 0
			for k := range a {
				if a[k] == b[k] {
					same++
				}
			}
			// Two random permutations agree in about one place. Ten places
			// happen once in ten million pairs.
			assert.Less(t, same, 10)
		}
	}
}

// Results that were published with a seed must stay reproducible, so a change
// to these orders is a breaking change. The values are what Order gave first.
func TestOrderStays(t *testing.T) {
	assert.Equal(t, []int{2, 7, 1, 5, 6, 4, 0, 3}, Order(8, 1, 0))
	assert.Equal(t, []int{3, 6, 2, 1, 4, 5, 7, 0}, Order(8, 1, 1))
}

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
}

// Where lengths are of no use, a seed gives the order that it always gave.
func TestOrderByLengthStays(t *testing.T) {
	table := Table{}
	for i := range 40 {
		table.Parts[Train] = append(table.Parts[Train], i)
	}
	for name, length := range map[string]func(int) int{
		"lengths are not known":   nil,
		"one length is not known": func(i int) int { return i - 1 },
		"all lengths are equal":   func(int) int { return 5 },
	} {
		table.Length = length
		require.Equal(t, Order(40, 7, 2), OrderByLength(New(table), Train, 4, 7, 2), name)
	}
	table.Length = func(i int) int { return 5 + i/39 }
	require.NotEqual(t, Order(40, 7, 2), OrderByLength(New(table), Train, 4, 7, 2), "one length differs")
	table.Parts[Train] = nil
	require.Empty(t, OrderByLength(New(table), Train, 4, 7, 2))
}
