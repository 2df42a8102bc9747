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

// cutFold reports which clips a split such as fold:2/5 tests. The clips of a group are in
// one fold; without group, nil, a clip is a group of its own. The folds of a set are
// fixed, disjoint, make it up, differ by one group at most, and hold about as many groups
// of each class, that of their first clip.
func cutFold(split string, labels []int, group func(i int) string) (tested []bool, err error) {
	fold, folds, err := layout.Fold(strings.TrimPrefix(split, foldSplit))
	if err != nil {
		return nil, errors.WithMessagef(err, "split %q", split)
	}
	whole, what := units(len(labels), group)
	if len(whole) < folds {
		return nil, errors.Errorf("split %q: %d %s cannot be cut into %d folds", split, len(whole), what, folds)
	}
	// Shuffled, then sorted by class: dealt out in turn, every fold gets its share.
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(whole), func(a, b int) { whole[a], whole[b] = whole[b], whole[a] })
	slices.SortStableFunc(whole, func(a, b []int) int { return labels[a[0]] - labels[b[0]] })
	tested = make([]bool, len(labels))
	for k, clips := range whole {
		for _, i := range clips {
			tested[i] = k%folds == fold
		}
	}
	return tested, nil
}
