package zoo

import (
	"bytes"

	"github.com/pkg/errors"
)

// Bounds on the lists of a spec, far above what any model needs: the time to plan and
// to build one grows faster than they do.
const (
	maxModes  = 64  // of a matrix on one side, and axes of a step
	maxRanks  = 128 // in a list
	maxLayers = 64
)

// checkLengths returns an error that names the first field above its bound.
func (s Spec) checkLengths() error {
	if n := 1 + len(s.Upper); n > maxLayers {
		return errors.Errorf("zoo: spec field \"upper\" makes %d layers; want at most %d", n, maxLayers)
	}
	formats := []FormatSpec{s.FormatSpec}
	if s.Recurrent != nil {
		formats = append(formats, *s.Recurrent)
	}
	lists := []namedList{{"in_modes", s.InModes, maxModes}, {"out_modes", s.OutModes, maxModes}}
	for _, u := range s.Upper {
		formats = append(formats, u.FormatSpec)
		lists = append(lists, namedList{"out_modes", u.OutModes, maxModes})
	}
	for _, f := range formats {
		lists = append(lists, namedList{"ranks", f.Ranks, maxRanks}, namedList{"leaf_ranks", f.LeafRanks, maxRanks}, namedList{"inner_ranks", f.InnerRanks, maxRanks})
	}
	for _, l := range lists {
		if len(l.values) > l.most {
			return errors.Errorf("zoo: spec field %q has %d entries; want at most %d", l.field, len(l.values), l.most)
		}
	}
	return nil
}

// namedList is a field of a spec with its bound.
type namedList struct {
	field  string
	values []int
	most   int
}

// checkTree returns an error for the JSON of a tree that is deeper, or has more modes,
// than a matrix has modes.
func checkTree(data []byte) error {
	depth, deepest := 0, 0
	for _, c := range data {
		switch c {
		case '[':
			depth++
			deepest = max(deepest, depth)
		case ']':
			depth--
		}
	}
	if deepest > maxModes {
		return errors.Errorf("tree is %d pairs deep; want at most %d", deepest, maxModes)
	}
	if n := 1 + bytes.Count(data, []byte(",")); n > maxModes {
		return errors.Errorf("tree has %d modes; want at most %d", n, maxModes)
	}
	return nil
}
