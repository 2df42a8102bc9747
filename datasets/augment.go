package datasets

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Augmentation changes training clips at random, anew in every epoch, so that a
// model learns not to rely on what does not matter. The zero value changes
// nothing.
type Augmentation struct {
	// Brightness is the standard deviation of the logarithm of a factor that
	// multiplies all values of a clip as they were before normalisation.
	Brightness float64
	// Colour is the same for a separate factor per index of the last axis.
	Colour float64
}

// Valid reports whether the deviations are from 0 to 2; larger ones leave
// nothing recognisable.
func (a Augmentation) Valid() bool {
	return a.Brightness >= 0 && a.Brightness <= 2 && a.Colour >= 0 && a.Colour <= 2
}

// augmentations are the names of the fields.
var augmentations = []string{"brightness", "colour"}

// String returns the augmentation as ParseAugmentation reads it, "" for none.
func (a Augmentation) String() string {
	var parts []string
	for k, v := range []float64{a.Brightness, a.Colour} {
		if v != 0 {
			parts = append(parts, augmentations[k]+":"+strconv.FormatFloat(v, 'g', -1, 64))
		}
	}
	return strings.Join(parts, ",")
}

// ParseAugmentation reads what String writes, such as
// "brightness:0.3,colour:0.2". It returns an error that quotes what it doesn't
// recognise, or when the result is not Valid.
func ParseAugmentation(s string) (Augmentation, error) {
	var a Augmentation
	if s == "" {
		return a, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, text, _ := strings.Cut(part, ":")
		k := slices.Index(augmentations, name)
		if k < 0 {
			return a, errors.Errorf("datasets: no augmentation is called %q%s", name, didyoumean.Hint(name, augmentations))
		}
		field := []*float64{&a.Brightness, &a.Colour}[k]
		v, err := strconv.ParseFloat(text, 64)
		twice := *field != 0
		if *field = v; err != nil || !a.Valid() || twice {
			return a, errors.Errorf("datasets: augmentation %q; want each name once, with a deviation from 0 to 2, as in brightness:0.3,colour:0.2", s)
		}
	}
	return a, nil
}

// Augment returns s with its training clips changed at random, as drawn from the
// seed for each clip of an epoch. All steps of a clip are changed alike. The
// other parts are those of s; clips that Holdout or Fold move out of the
// training part are as they are in s. Closing it closes s.
func Augment(s Set, how Augmentation, seed uint64, epoch int) Set {
	if how == (Augmentation{}) {
		return s
	}
	shape := s.StepShape()
	a := &augmented{how: how, seed: seed, epoch: uint64(epoch), black: make([]float32, shape[len(shape)-1])}
	s.Normalisation().Apply(a.black)
	t := tableOf(s)
	t.augmented = append(slices.Clone(t.augmented), a)
	return New(t)
}

type augmented struct {
	how         Augmentation
	seed, epoch uint64
	black       []float32 // what a stored 0 is after normalisation, by channel
}

// change changes the values x of a training clip.
func (a *augmented) change(clip int, x []float32, steps int) {
	factors := a.factors(clip)
	for step := range slices.Chunk(x, len(x)/steps) {
		if !slices.ContainsFunc(step, func(v float32) bool { return v != 0 }) {
			continue // padding, before or behind the clip, stays as it is
		}
		for at := 0; at < len(step); at += len(factors) {
			for c, f := range factors {
				step[at+c] = a.black[c] + f*(step[at+c]-a.black[c])
			}
		}
	}
}

// factors draws those of a clip, by channel.
func (a *augmented) factors(clip int) []float32 {
	// The epoch above the clip: each pair has a key of its own.
	rng := rand.New(rand.NewPCG(a.seed, a.epoch<<32^uint64(clip)))
	brightness := a.how.Brightness * rng.NormFloat64()
	factors := make([]float32, len(a.black))
	for c := range factors {
		factors[c] = float32(math.Exp(brightness + a.how.Colour*rng.NormFloat64()))
	}
	return factors
}
