package clipfiles

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// A window is a part of the steps that are taken, wherever it begins and ends.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, from, room := rapid.IntRange(1, 30).Draw(t, "n"), rapid.IntRange(0, 40).Draw(t, "from"), rapid.IntRange(0, 40).Draw(t, "room")
		s := preprocess.Sampling{
			Steps:  rapid.SampledFrom([]int{preprocess.AllSteps, 1, 7, 30, 40}).Draw(t, "steps"),
			Sample: rapid.SampledFrom([]string{"random", "even"}).Draw(t, "sample"),
		}
		all := Taken(n, s, Generator(1, 0))
		window, taken := Window(n, from, room, s, Generator(1, 0))
		require.Equal(t, len(all), taken)
		require.Equal(t, append([]int{}, all[min(from, len(all)):min(from+room, len(all))]...), append([]int{}, window...))
	})
}

// A window of all steps costs what it has, not what the clip has: no list has room for these.
func TestWindowListsNoOthers(t *testing.T) {
	const n = math.MaxInt
	for _, steps := range []int{preprocess.AllSteps, n} {
		window, taken := Window(n, n-2, 500, preprocess.Sampling{Steps: steps, Sample: "random"}, Generator(1, 0))
		require.Equal(t, []int{n - 2, n - 1}, window)
		require.Equal(t, n, taken)
	}
}
