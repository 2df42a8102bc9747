package cells

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

func TestStateModes(t *testing.T) {
	for _, c := range []struct {
		n      []int
		hidden int
		want   []int
	}{
		{[]int{8, 10, 10, 9, 8}, 256, []int{1, 4, 4, 4, 4}},
		{[]int{8, 20, 20, 18}, 256, []int{1, 8, 8, 4}},
		{[]int{4, 20, 20, 36}, 256, []int{1, 8, 8, 4}},
		{[]int{4, 2, 5, 8, 6, 5, 3, 2}, 256, []int{1, 2, 4, 2, 2, 2, 2, 2}},
		{[]int{4, 8, 8, 8}, 256, []int{1, 8, 8, 4}},
		{[]int{4, 8, 8, 8}, 2048, []int{4, 8, 8, 8}}, // a slab has 512 rows
		{[]int{8, 10, 10, 9, 8}, 250, []int{1, 5, 5, 5, 2}},
		{[]int{8, 10, 10, 9, 8}, 257, []int{257, 1, 1, 1, 1}}, // prime
		{[]int{8, 10, 10, 9, 8}, 22, []int{11, 2, 1, 1, 1}},
		{[]int{57600}, 256, []int{256}},
		{[]int{1, 1, 1}, 6, []int{6, 1, 1}},
		{[]int{5, 1, 6, 1}, 6, []int{1, 1, 6, 1}},
		{[]int{3, 3}, 1, []int{1, 1}},
	} {
		require.Equal(t, c.want, stateModes(c.n, c.hidden), "%v, %d", c.n, c.hidden)
	}
}

// Against all blocks there are.
func TestStateModesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.IntRange(1, 6), 1, 4).Draw(t, "n")
		hidden := rapid.IntRange(1, 60).Draw(t, "hidden")
		var best []int
		better := func(q []int) bool {
			if best == nil || q[0] != best[0] {
				return best == nil || q[0] < best[0]
			}
			sum := 0
			for k := range q {
				sum += q[k] - best[k]
			}
			for k := 0; sum == 0 && k < len(q); k++ {
				if q[k] != best[k] {
					return q[k] > best[k]
				}
			}
			return sum < 0
		}
		var try func(q []int)
		try = func(q []int) {
			if len(q) == len(n) {
				if dims.Size(q) == hidden && better(q) {
					best = append([]int{}, q...)
				}
				return
			}
			most := hidden
			if len(q) > 0 {
				most = n[len(q)]
			}
			for s := 1; s <= most; s++ {
				if hidden%s == 0 {
					try(append(append([]int{}, q...), s))
				}
			}
		}
		try(nil)
		require.Equal(t, best, stateModes(n, hidden))
	})
}
