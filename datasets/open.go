package datasets

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Options are those that sets of all kinds have. The zero value opens a set the
// way its authors meant it.
type Options struct {
	// Split names the way the set is cut into training and test parts; its kind
	// says which there are, and which is the default, "". Every set has folds:
	// "fold:2/5" tests the second fifth of all its clips and trains on the rest,
	// whole groups if it has any; the five test parts make up the set.
	Split string

	// Normalise says over which values of the training part a mean and a
	// standard deviation are taken: "channel" for each index of the last axis of
	// a step, "global" for all values as one, "none" to leave values as stored,
	// "minus128" to subtract 128 from all. "auto" or empty is (v - 128) / 64 for
	// videos, whose training starts before all are decoded, "global" for bytes
	// with more than 4 indexes in the last axis, which are not colours, and
	// otherwise "channel".
	Normalise string

	// Normalisation is that of a checkpoint, used instead of measuring. It
	// overrides Normalise. Nil means to measure.
	Normalisation *preprocess.Normalisation

	// Classes are those of a checkpoint: a set with other names is refused, and
	// one without names gets these. Nil means those of the set.
	Classes []string

	// Accept, when it is not nil, is called with the name of the set and the
	// shape of its steps, before clips are unpacked, decoded or measured. Open
	// returns its error.
	Accept func(set string, stepShape []int) error
}

// Check is for kinds of sets, which call it before they unpack, decode or measure. It
// returns the error of Accept, or one for an unknown Normalise.
func (o Options) Check(set string, stepShape []int) error {
	if err := measure.Check(o.Normalise); err != nil {
		return errors.WithMessage(err, "datasets")
	}
	if o.Accept == nil {
		return nil
	}
	return o.Accept(set, stepShape)
}

// Kind is a kind of sets that Open knows.
type Kind struct {
	// Pattern is how its sets are called: "actions", "npz:TRAIN.npz,TEST.npz", or
	// "folder:DIR" for one in a folder. What is before the colon is the name of the
	// kind.
	Pattern string

	// Open opens the set of a name that begins with that of the kind.
	Open func(ctx context.Context, name string, opt Options) (Set, error)
}

func (k Kind) name() string {
	name, _, _ := strings.Cut(k.Pattern, ":")
	return name
}

func (k Kind) inFolder() bool { return strings.HasSuffix(k.Pattern, ":DIR") }

var kinds struct {
	sync.RWMutex
	all []Kind // sorted, those in folders last
}

// Register makes a kind known to Open, as packages of kinds do when they are
// imported. It panics if there is one of this name.
func Register(k Kind) {
	kinds.Lock()
	defer kinds.Unlock()
	if slices.ContainsFunc(kinds.all, func(other Kind) bool { return other.name() == k.name() }) {
		panic("datasets: the kind " + k.name() + " is registered twice")
	}
	kinds.all = append(kinds.all, k)
	slices.SortFunc(kinds.all, func(a, b Kind) int {
		last := map[bool]int{true: 1}
		return cmp.Or(last[a.inFolder()]-last[b.inFolder()], cmp.Compare(a.name(), b.name()))
	})
}

// Patterns returns how the sets of the kinds that are known are called, such as
// "folder:DIR".
func Patterns() (all []string) {
	kinds.RLock()
	defer kinds.RUnlock()
	for _, k := range kinds.all {
		all = append(all, k.Pattern)
	}
	return all
}

// Open returns the set called name, of a kind whose package is imported; see
// Patterns. It returns an error when there is no such set or no such split, when
// the options do not fit the set, or when its files are missing, damaged or not
// what they should be.
func Open(name string, opt Options) (Set, error) {
	return OpenContext(context.Background(), name, opt)
}

// OpenContext is Open with a context, for sets of videos and of features: it returns
// ctx's error when ctx is done while they are decoded or read.
func OpenContext(ctx context.Context, name string, opt Options) (Set, error) {
	kinds.RLock()
	all := kinds.all
	kinds.RUnlock()
	kind, _, prefixed := strings.Cut(name, ":")
	var names []string
	for _, k := range all {
		switch {
		case k.name() != kind:
			names = append(names, k.name())
		case prefixed == strings.Contains(k.Pattern, ":"):
			return k.Open(ctx, name, opt)
		default:
			names = append(names, k.Pattern)
		}
	}
	meant := didyoumean.Closest(kind, names)
	if meant != "" {
		meant = fmt.Sprintf("; did you mean %q?", meant)
	}
	return nil, errors.Errorf("datasets: no set is called %q%s (known: %s)", name, meant, strings.Join(Patterns(), ", "))
}
