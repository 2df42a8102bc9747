package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// Holdout returns s with a Validation part, cut out of its Train part at
// random: the nearest whole number to fraction times the training clips. When s
// is Grouped whole groups are held out, at least one of them, as near to that
// number as they come: a model is not validated on what it has seen. The same
// seed holds out the same clips, and the draw has nothing to do with those
// of Order. Everything else is that of s, also the normalisation, which was
// measured before on all training clips; the fingerprint tells what is held out.
// Closing the new set closes s.
//
// It returns an error when fraction is not between 0 and 1, when one of the two
// sides would have no clip, and when s has a Validation part already.
func Holdout(s Set, fraction float64, seed uint64) (Set, error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, errors.Errorf("datasets: %s: cannot hold out a fraction of %v, want one between 0 and 1", s.Name(), fraction)
	}
	if n := s.Clips(Validation); n > 0 {
		return nil, errors.Errorf("datasets: %s has %d validation clips already, hold out once", s.Name(), n)
	}
	total := s.Clips(Train)
	// The key keeps these draws apart from those of Order with the same seed.
	key := [32]byte{0: 'h', 1: 'o', 2: 'l', 3: 'd'}
	binary.LittleEndian.PutUint64(key[24:], seed)
	groups, what := groupsOf(s)
	order := rand.New(rand.NewChaCha8(key)).Perm(len(groups))
	h := &heldOut{Set: s}
	left := fraction * float64(total)
	for k, g := range order {
		n := float64(len(groups[g]))
		if math.Abs(left-n) <= math.Abs(left) || what == "groups" && k == 0 {
			h.validation = append(h.validation, groups[g]...)
			left -= n
		} else {
			h.train = append(h.train, groups[g]...)
		}
	}
	if held := len(h.validation); held < 1 || held >= total {
		return nil, errors.Errorf("datasets: %s: holding out %v of %d train clips leaves %d to train on and %d to validate, want at least 1 of each",
			s.Name(), fraction, total, total-held, held)
	}
	slices.Sort(h.validation) // files are read forwards
	slices.Sort(h.train)
	return h, nil
}

// heldOut is a set some training clips of which are for validation.
type heldOut struct {
	Set
	train, validation []int // indices in the training part of Set
}

func (h *heldOut) Clips(p Part) int {
	switch p {
	case Train:
		return len(h.train)
	case Validation:
		return len(h.validation)
	}
	return h.Set.Clips(p)
}

func (h *heldOut) Fingerprint() string {
	sum := crc32.NewIEEE()
	for _, i := range h.validation {
		sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	}
	return fmt.Sprintf("%s-held%08x", h.Set.Fingerprint(), sum.Sum32())
}

func (h *heldOut) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if p != Train && p != Validation {
		return h.Set.Read(p, i, x)
	}
	clips := h.train
	if p == Validation {
		clips = h.validation
	}
	if i < 0 || i >= len(clips) {
		return 0, 0, noClip(h, p, i)
	}
	return h.Set.Read(Train, clips[i], x)
}
