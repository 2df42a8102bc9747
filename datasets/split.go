package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/split"
)

// Fold returns the training part of s as a set of its own, for choices that must
// not depend on the test clips of s, such as that of a learning rate. Its
// training clips are cut into the given number of folds: number fold, from 0,
// becomes the test part and the others the training part. Folds consist of whole
// groups if s has groups, otherwise of single clips. The same seed makes the
// same folds. Everything else is that of s, including the normalisation, which
// was measured on all training clips; the fingerprint identifies the test part.
// The new set has no validation part. Closing it closes s.
//
// It returns an error when there are fewer than 2 folds, more folds than groups
// or clips, or no such fold.
func Fold(s Set, folds, fold int, seed uint64) (Set, error) {
	if folds < 2 || fold < 0 || fold >= folds {
		return nil, errors.Errorf("datasets: %s: fold %d of %d, want one from 0 on of at least 2", s.Name(), fold, folds)
	}
	units, what := drawn(s, "folds", seed)
	if len(units) < folds {
		return nil, errors.Errorf("datasets: %s: %d training %s cannot be cut into %d folds", s.Name(), len(units), what, folds)
	}
	tested := make([]bool, s.Clips(Train))
	split.Deal(tested, units, 0, fold, folds)
	train, test := split.Parts(tested)
	name := fmt.Sprintf("%s, fold %d of %d of its training part", s.Name(), fold+1, folds)
	return recut(s, name, "fold", Test, [...][]int{Train: train, Test: test, Validation: nil}), nil
}

// Holdout returns s with a Validation part, drawn at random from its Train part:
// the nearest whole number to fraction times the training clips. If s has
// groups, whole ones are held out, at least one, as near to that number as
// possible: a model is not validated on what it has seen. The same seed holds
// out the same clips, and the draw is independent of those of Order. Everything
// else is that of s, including the normalisation, which was measured on all
// training clips; the fingerprint identifies what is held out. Closing it
// closes s.
//
// It returns an error when fraction is not between 0 and 1, when one of the two
// sides would have no clip, or when s already has a Validation part.
func Holdout(s Set, fraction float64, seed uint64) (Set, error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, errors.Errorf("datasets: %s: cannot hold out a fraction of %v, want one between 0 and 1", s.Name(), fraction)
	}
	if n := s.Clips(Validation); n > 0 {
		return nil, errors.Errorf("datasets: %s has %d validation clips already, hold out once", s.Name(), n)
	}
	total := s.Clips(Train)
	held := make([]bool, total)
	left := fraction * float64(total)
	units, what := drawn(s, "hold", seed)
	for k, clips := range units {
		if n := float64(len(clips)); math.Abs(left-n) <= math.Abs(left) || what == "groups" && k == 0 {
			left -= n
			for _, i := range clips {
				held[i] = true
			}
		}
	}
	train, validation := split.Parts(held)
	if len(train) == 0 || len(validation) == 0 {
		return nil, errors.Errorf("datasets: %s: holding out %v of %d train clips leaves %d to train on and %d to validate, want at least 1 of each",
			s.Name(), fraction, total, len(train), len(validation))
	}
	test := make([]int, s.Clips(Test))
	for i := range test {
		test[i] = total + i
	}
	return recut(s, s.Name(), "held", Validation, [...][]int{train, test, validation}), nil
}

// drawn returns the units of the training part of s in an order that is drawn at
// random. The name of the draw keeps it apart from others with the same seed.
func drawn(s Set, draw string, seed uint64) (units [][]int, what string) {
	group := func(i int) string { return s.Group(Train, i) }
	if s.Clips(Train) == 0 || group(0) == "" {
		group = nil
	}
	inOrder, what := split.Units(s.Clips(Train), group)
	var key [32]byte
	copy(key[:24], draw)
	binary.LittleEndian.PutUint64(key[24:], seed)
	for _, k := range rand.New(rand.NewChaCha8(key)).Perm(len(inOrder)) {
		units = append(units, inOrder[k])
	}
	return units, what
}

// recut returns s with other parts, of clips as they are numbered through all parts of s:
// training clips first. Its fingerprint says which are in the part of that kind.
func recut(s Set, name, kind string, marked Part, parts [Validation + 1][]int) Set {
	t := tableOf(s)
	sum := crc32.NewIEEE()
	for _, clip := range parts[marked] {
		sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(clip)))
	}
	t.Name = name
	t.Fingerprint += fmt.Sprintf("-%s%08x", kind, sum.Sum32())
	all := slices.Concat(t.Parts[:]...)
	for p, clips := range parts {
		t.Parts[p] = make([]int, len(clips))
		for i, clip := range clips {
			t.Parts[p][i] = all[clip]
		}
	}
	return New(t)
}
