// Package split cuts clips into parts: whole groups of them, dealt out to folds.
package split

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// prefix starts the splits that every set has.
const prefix = "fold:"

// Example is a split that every set has: the second fifth of all clips is tested,
// whatever part they are in by other splits.
const Example = prefix + "2/5"

// IsFold reports whether a split is one such as fold:2/5.
func IsFold(split string) bool { return strings.HasPrefix(split, prefix) }

// Fold reads "2/5" as fold 1, from 0, of 5. It returns an error when s is not a fold of
// at least 2.
func Fold(s string) (fold, folds int, err error) {
	a, b, _ := strings.Cut(s, "/")
	if fold, err = strconv.Atoi(a); err == nil {
		folds, err = strconv.Atoi(b)
	}
	if err != nil || fold < 1 || fold > folds || folds < 2 {
		return 0, 0, errors.Errorf("%q is no fold; want one such as 2/5, the second of five", s)
	}
	return fold - 1, folds, nil
}

// Units lists the clips from 0 to n-1 by group, in the order in which the groups
// appear; without groups, nil, a clip is a unit of its own. what names the kind.
func Units(n int, group func(i int) string) (units [][]int, what string) {
	if group == nil {
		for i := range n {
			units = append(units, []int{i})
		}
		return units, "clips"
	}
	at := map[string]int{}
	for i := range n {
		name := group(i)
		k, there := at[name]
		if !there {
			k = len(units)
			at[name], units = k, append(units, nil)
		}
		units[k] = append(units[k], i)
	}
	return units, "groups"
}

// Deal deals units out in turn, the first one to the fold called first, and marks the
// clips that are tested: those of one of the folds.
func Deal(tested []bool, units [][]int, first, fold, folds int) {
	for k, clips := range units {
		for _, i := range clips {
			tested[i] = (first+k)%folds == fold
		}
	}
}

// Cut cuts clips as a split such as fold:2/5 says. The clips of a group are in one fold;
// without group, nil, a clip is a group of its own. The folds of a set are fixed,
// disjoint, make it up, differ by one group at most, and hold about as many groups of
// each class, that of their first clip.
func Cut[L ~uint8 | ~int32 | ~int](split string, labels []L, group func(i int) string) (tested []bool, err error) {
	fold, folds, err := Fold(strings.TrimPrefix(split, prefix))
	if err != nil {
		return nil, errors.WithMessagef(err, "split %q", split)
	}
	units, what := Units(len(labels), group)
	if len(units) < folds {
		return nil, errors.Errorf("split %q: %d %s cannot be cut into %d folds", split, len(units), what, folds)
	}
	// Shuffled, then sorted by class: dealt out in turn, every fold gets its share.
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(units), func(a, b int) { units[a], units[b] = units[b], units[a] })
	slices.SortStableFunc(units, func(a, b []int) int { return cmp.Compare(labels[a[0]], labels[b[0]]) })
	tested = make([]bool, len(labels))
	Deal(tested, units, 0, fold, folds)
	return tested, nil
}

// Parts lists the clips that are not tested, and those that are.
func Parts(tested []bool) (train, test []int) {
	for i, t := range tested {
		if t {
			test = append(test, i)
		} else {
			train = append(train, i)
		}
	}
	return train, test
}
