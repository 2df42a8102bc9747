package split

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The folds of a set are disjoint and make it up, no group is in two, and they have
// the same number of groups of each class but for one.
func TestCutFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clips := rapid.IntRange(0, 60).Draw(t, "clips")
		labels := make([]int, clips)
		var groups []string
		grouped := rapid.Bool().Draw(t, "grouped")
		units, class := map[string]bool{}, map[string]int{} // groups, and the class of each
		name := func(i int) string {
			if grouped {
				return groups[i]
			}
			return fmt.Sprint(i)
		}
		for i := range labels {
			labels[i] = rapid.IntRange(0, 2).Draw(t, "label")
			if grouped {
				groups = append(groups, fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "group")))
			}
			if !units[name(i)] {
				units[name(i)], class[name(i)] = true, labels[i]
			}
		}
		var group func(i int) string
		if grouped {
			group = name
		}
		folds := rapid.IntRange(2, 6).Draw(t, "folds")
		total := make([]int, clips)
		perClass := [3][]int{}
		for fold := range folds {
			split := fmt.Sprintf("fold:%d/%d", fold+1, folds)
			tested, err := Cut(split, labels, group)
			if len(units) < folds {
				require.ErrorContains(t, err, fmt.Sprintf("cannot be cut into %d folds", folds))
				return
			}
			require.NoError(t, err)
			in, counts := map[string]bool{}, [3]int{}
			for i, is := range tested {
				if is {
					total[i]++
					if !in[name(i)] {
						in[name(i)] = true
						counts[class[name(i)]]++
					}
				}
			}
			require.NotEmpty(t, in)
			for i, is := range tested {
				require.Equal(t, in[name(i)], is, "a group is whole")
			}
			for c, n := range counts {
				perClass[c] = append(perClass[c], n)
			}
		}
		for _, n := range total {
			require.Equal(t, 1, n)
		}
		for _, counts := range perClass {
			require.LessOrEqual(t, slices.Max(counts)-slices.Min(counts), 1)
		}
	})
	for split, want := range map[string]string{
		"fold:0/5": `split "fold:0/5": "0/5" is no fold; want one such as 2/5`, "fold:": `"" is no fold`, "fold:6/5": `"6/5" is no fold`,
		"fold:1/1": `"1/1" is no fold`, "fold:1/2/3": `"1/2/3" is no fold`, "fold:x/5": `"x/5" is no fold`,
	} {
		_, err := Cut(split, []int{1, 2, 3}, nil)
		require.ErrorContains(t, err, want)
	}
}
