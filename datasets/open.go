package datasets

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Options of Open. The zero value opens a set the way its authors meant it.
type Options struct {
	// Split names the way the set is cut into training and test parts. Empty
	// is the default split, the first that Splits returns.
	Split string

	// Height and Width are the rows and columns of the frames the model wants;
	// frames of another size are scaled, ignoring their aspect ratio. Both
	// zero is the size the set is stored in.
	Height, Width int
}

// source is a set that Open knows. Adding a set is adding an entry to sources.
type source struct {
	name   string
	splits []string // the first is the default

	// open is called with a split from the list above and a valid frame size.
	open func(opt Options) (Set, error)
}

var sources = []source{
	{name: "actions", splits: []string{heldoutSubjects, fewSubjects}, open: openActions},
}

// Names returns the names that Open accepts.
func Names() []string {
	var names []string
	for _, s := range sources {
		names = append(names, s.name)
	}
	return names
}

// Splits returns the names of the splits of a set, the default first. It
// returns nil when there is no such set.
func Splits(name string) []string {
	for _, s := range sources {
		if s.name == name {
			return slices.Clone(s.splits)
		}
	}
	return nil
}

// Open returns the set called name, one of Names.
//
// It returns an error when there is no such set or no such split, when only
// one of Height and Width is given, or when the files of the set are damaged.
func Open(name string, opt Options) (Set, error) {
	at := slices.IndexFunc(sources, func(s source) bool { return s.name == name })
	if at < 0 {
		return nil, errors.Errorf("datasets: no set is called %q%s", name, didyoumean.Hint(name, Names()))
	}
	src := sources[at]
	if opt.Split == "" {
		opt.Split = src.splits[0]
	}
	if !slices.Contains(src.splits, opt.Split) {
		return nil, errors.Errorf("datasets: %s has no split %q%s", name, opt.Split, didyoumean.Hint(opt.Split, src.splits))
	}
	if err := checkFrameSize(opt.Height, opt.Width); err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", name)
	}
	return src.open(opt)
}

// maxSide bounds the frames a set is scaled to. It is far above the input of
// any recurrent model, and low enough that the size of a clip cannot overflow.
const maxSide = 4096

func checkFrameSize(height, width int) error {
	switch {
	case height == 0 && width == 0:
		return nil
	case height <= 0 || width <= 0:
		return errors.Errorf("Height %d and Width %d: give both as positive numbers, or neither for the set's own size", height, width)
	case height > maxSide || width > maxSide:
		return errors.Errorf("Height %d and Width %d: neither may exceed %d", height, width, maxSide)
	}
	return nil
}
