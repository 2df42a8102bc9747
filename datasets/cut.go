package datasets

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/layout"
)

// foldSplit starts the splits that every set has: fold:2/5 tests the second fifth of
// all clips, whatever part they are in by other splits.
const foldSplit = "fold:"

func isFold(split string) bool { return strings.HasPrefix(split, foldSplit) }

// cutFold tells which clips a split such as fold:2/5 tests. The clips of a group are in
// one fold; without groups, nil, a clip is a group of its own. The folds of a set are
// fixed, disjoint, make it up, differ by one group at most, and hold about as many
// groups of each class, that of their first clip.
func cutFold(split string, labels []int, groups []string) (tested []bool, err error) {
	fold, folds, err := layout.Fold(strings.TrimPrefix(split, foldSplit))
	if err != nil {
		return nil, errors.WithMessagef(err, "split %q", split)
	}
	var units [][]int // clips of each group
	at := map[string]int{}
	for i := range labels {
		k, there := len(units), false
		if groups != nil {
			if k, there = at[groups[i]]; !there {
				k = len(units)
				at[groups[i]] = k
			}
		}
		if !there {
			units = append(units, nil)
		}
		units[k] = append(units[k], i)
	}
	if len(units) < folds {
		what := "clips"
		if groups != nil {
			what = "groups"
		}
		return nil, errors.Errorf("split %q: %d %s cannot be cut into %d folds", split, len(units), what, folds)
	}
	// Shuffled, then sorted by class: dealt out in turn, every fold gets its share.
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(units), func(a, b int) { units[a], units[b] = units[b], units[a] })
	slices.SortStableFunc(units, func(a, b []int) int { return labels[a[0]] - labels[b[0]] })
	tested = make([]bool, len(labels))
	for k, clips := range units {
		for _, i := range clips {
			tested[i] = k%folds == fold
		}
	}
	return tested, nil
}
