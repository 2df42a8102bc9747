package layout

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
)

// Splits names the splits of a listing, the default first:
//
//	group       a fifth of the groups of every class is tested, so that no group is
//	            in both parts; if the layout has groups. A class of fewer than
//	            five is not in every test part
//	official:1  the authors' first split, and so on
//	random      a fifth of the clips of every class is tested, as in the papers;
//	            clips of one recording may then be in both parts
//
// group:2/5 and random:3/10 are the second of five and the third of ten such cuts, whose
// test parts make up the whole set: group alone means group:1/5. fold:2/5 is group:2/5 if
// there are groups, and otherwise random:2/5.
func (l *Listing) Splits() []string {
	var splits []string
	if l.official() > 0 {
		for k := range l.official() {
			splits = append(splits, "official:"+strconv.Itoa(k+1))
		}
	} else if l.grouped() {
		splits = append(splits, "group")
	}
	return append(splits, "random")
}

func (l *Listing) grouped() bool { return len(l.Clips) > 0 && l.Clips[0].Group != "" }

func (l *Listing) official() int {
	if len(l.Clips) == 0 {
		return 0
	}
	return len(l.Clips[0].Official)
}

// Cut lists the clips of the training and of the test part of a split, by their index in
// Clips; "" is the default. The draws are fixed: every program cuts a set the same way.
// It returns an error when there is no such split, or when a part has no clips.
func (l *Listing) Cut(split string) (train, test []int, err error) {
	if split == "" {
		split = l.Splits()[0]
	}
	kind, which, _ := strings.Cut(split, ":")
	if kind == "fold" && which != "" {
		if kind = "random"; l.grouped() {
			kind = "group"
		}
	}
	var tested func(k int) Part
	switch {
	case kind == "official" && l.official() > 0:
		n, err := strconv.Atoi(which)
		if err != nil || n < 1 || n > l.official() {
			return nil, nil, errors.Errorf("split %q: want official:1 to official:%d", split, l.official())
		}
		tested = func(k int) Part { return l.Clips[k].Official[n-1] }
	case kind == "random", kind == "group" && l.grouped():
		fold, folds, err := Fold(cmp.Or(which, "1/5"))
		if err != nil {
			return nil, nil, errors.Errorf("split %q: want %s, or one of several such as %s:2/5", split, kind, kind)
		}
		parts := l.folds(kind == "group", folds)
		tested = func(k int) Part {
			if parts[k] == fold {
				return Test
			}
			return Train
		}
	default:
		return nil, nil, errors.Errorf("there is no split %q; want %s, or a fold such as fold:2/5", split, strings.Join(l.Splits(), ", "))
	}
	for k := range l.Clips {
		switch tested(k) {
		case Train:
			train = append(train, k)
		case Test:
			test = append(test, k)
		}
	}
	if len(train) == 0 || len(test) == 0 {
		why := ""
		if kind != "official" {
			why = ": no class has as many clips, or groups of them, as there are parts; give more, or cut in two as with random:1/2"
		}
		return nil, nil, errors.Errorf("split %q has %d training and %d test clips%s", split, len(train), len(test), why)
	}
	return train, test, nil
}

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

// folds deals the clips of each class out, whole groups or single clips, in an
// order that their names decide. A set with other clips in it is cut otherwise.
func (l *Listing) folds(byGroup bool, folds int) []int {
	unit := func(k int) string {
		if byGroup {
			return names.Key(l.Clips[k].Group)
		}
		return names.Key(l.Clips[k].Path)
	}
	byClass := make([][]string, len(l.Classes))
	for k, c := range l.Clips {
		byClass[c.Class] = append(byClass[c.Class], unit(k))
	}
	fold := map[string]int{}
	for class, units := range byClass {
		units = slices.Compact(slices.Sorted(slices.Values(units)))
		slices.SortStableFunc(units, func(a, b string) int { return cmp.Compare(draw(a), draw(b)) })
		// Each class begins with another fold: of one clip each, they are not all tested.
		first := rand.New(rand.NewPCG(1, uint64(class))).IntN(folds)
		if len(units) >= folds {
			first = 0
		}
		for k, u := range units {
			fold[fmt.Sprint(class, " ", u)] = (first + k) % folds
		}
	}
	parts := make([]int, len(l.Clips))
	for k, c := range l.Clips {
		parts[k] = fold[fmt.Sprint(c.Class, " ", unit(k))]
	}
	return parts
}

// draw is a number that a name decides and that looks drawn at random.
func draw(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 1)).Uint64()
}
