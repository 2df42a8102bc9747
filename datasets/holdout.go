package datasets

import (
	"math"

	"github.com/pkg/errors"
)

// Holdout returns s with a Validation part, drawn at random from its Train part:
// the nearest whole number to fraction times the training clips. If s is
// Grouped, whole groups are held out, at least one, as near to that number as
// possible: a model is not validated on what it has seen. The same seed holds
// out the same clips, and the draw is independent of those of Order. Everything
// else is that of s, including the normalisation, which was measured on all
// training clips; the fingerprint identifies what is held out. The new set is
// Grouped and Labelled if s is. Closing it closes s.
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
	groups, what := drawn(s, "hold", seed)
	var parts [Validation + 1][]int
	left := fraction * float64(total)
	for k, clips := range groups {
		part, n := Train, float64(len(clips))
		if math.Abs(left-n) <= math.Abs(left) || what == "groups" && k == 0 {
			part = Validation
			left -= n
		}
		parts[part] = append(parts[part], clips...)
	}
	if held := len(parts[Validation]); held < 1 || held >= total {
		return nil, errors.Errorf("datasets: %s: holding out %v of %d train clips leaves %d to train on and %d to validate, want at least 1 of each",
			s.Name(), fraction, total, total-held, held)
	}
	h := newSubset(s, parts)
	h.mark = mark("held", parts[Validation])
	for i := range s.Clips(Test) {
		h.clips[Test] = append(h.clips[Test], place{Test, i})
	}
	return newView(h, s), nil
}
