package layout

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/split"
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
func (l *Listing) Splits() (splits []string) {
	for k := range l.official() {
		splits = append(splits, "official:"+strconv.Itoa(k+1))
	}
	if splits == nil && l.grouped() {
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
func (l *Listing) Cut(by string) (train, test []int, err error) {
	by = cmp.Or(by, l.Splits()[0])
	kind, which, _ := strings.Cut(by, ":")
	if kind == "fold" && which != "" {
		if kind = "random"; l.grouped() {
			kind = "group"
		}
	}
	why := ": no class has as many clips, or groups of them, as there are parts; give more, or cut in two as with random:1/2"
	switch {
	case kind == "official" && l.official() > 0:
		n, err := strconv.Atoi(which)
		if err != nil || n < 1 || n > l.official() {
			return nil, nil, errors.Errorf("split %q: want official:1 to official:%d", by, l.official())
		}
		for k, c := range l.Clips {
			switch c.Official[n-1] {
			case Train:
				train = append(train, k)
			case Test:
				test = append(test, k)
			}
		}
		why = ""
	case kind == "random", kind == "group" && l.grouped():
		fold, folds, err := split.Fold(cmp.Or(which, "1/5"))
		if err != nil {
			return nil, nil, errors.Errorf("split %q: want %s, or one of several such as %s:2/5", by, kind, kind)
		}
		train, test = split.Parts(l.fold(kind == "group", fold, folds))
	default:
		return nil, nil, errors.Errorf("there is no split %q; want %s, or a fold such as %s", by, strings.Join(l.Splits(), ", "), split.Example)
	}
	if len(train) == 0 || len(test) == 0 {
		return nil, nil, errors.Errorf("split %q has %d training and %d test clips%s", by, len(train), len(test), why)
	}
	return train, test, nil
}

// fold reports which clips are in a fold. Those of each class are dealt out, whole groups
// or single clips, in an order that their names decide. A set with other clips in it is
// cut otherwise.
func (l *Listing) fold(byGroup bool, fold, folds int) (tested []bool) {
	unit := func(k int) string {
		if byGroup {
			return names.Key(l.Clips[k].Group)
		}
		return names.Key(l.Clips[k].Path)
	}
	byClass := make([][]int, len(l.Classes))
	for k, c := range l.Clips {
		byClass[c.Class] = append(byClass[c.Class], k)
	}
	tested = make([]bool, len(l.Clips))
	for class, clips := range byClass {
		units, _ := split.Units(len(clips), func(i int) string { return unit(clips[i]) })
		for _, u := range units {
			for j, i := range u {
				u[j] = clips[i]
			}
		}
		slices.SortFunc(units, func(a, b []int) int {
			x, y := unit(a[0]), unit(b[0])
			return cmp.Or(cmp.Compare(draw(x), draw(y)), cmp.Compare(x, y))
		})
		// Each class begins with another fold: of one clip each, they are not all tested.
		first := rand.New(rand.NewPCG(1, uint64(class))).IntN(folds)
		if len(units) >= folds {
			first = 0
		}
		split.Deal(tested, units, first, fold, folds)
	}
	return tested
}

// draw is a number that a name decides and that looks drawn at random.
func draw(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 1)).Uint64()
}
