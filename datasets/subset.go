package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// subset is a set whose parts are cut out of those of another one.
type subset struct {
	Set
	clips [Validation + 1][]place // of each part
	name  string
	mark  string // the end of the fingerprint
	// unchanged is Set without Augment, for the clips that are not trained on.
	unchanged Set
}

// place is where a clip of a subset comes from.
type place struct {
	part Part
	clip int
}

// newSubset cuts the training clips of s into parts, which it sorts. The other clips of
// s are in none.
func newSubset(s Set, parts [Validation + 1][]int) *subset {
	sub := &subset{Set: s, name: s.Name(), unchanged: plain(s)}
	for p, clips := range parts {
		slices.Sort(clips) // files are read forwards
		for _, i := range clips {
			sub.clips[p] = append(sub.clips[p], place{Train, i})
		}
	}
	return sub
}

// mark is the end of a fingerprint that identifies the clips cut out.
func mark(kind string, clips []int) string {
	sum := crc32.NewIEEE()
	for _, i := range clips {
		sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	}
	return fmt.Sprintf("-%s%08x", kind, sum.Sum32())
}

func (s *subset) Name() string        { return s.name }
func (s *subset) Fingerprint() string { return s.Set.Fingerprint() + s.mark }

func (s *subset) Clips(p Part) int {
	if p < Train || p > Validation {
		return 0
	}
	return len(s.clips[p])
}

func (s *subset) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, noClip(s, p, i)
	}
	from := s.unchanged
	if p == Train {
		from = s.Set
	}
	part, clip := s.origin(p, i)
	return from.Read(part, clip, x)
}

func (s *subset) origin(p Part, i int) (Part, int) { return s.clips[p][i].part, s.clips[p][i].clip }

func (s *subset) plain() Set {
	same := *s
	same.Set = s.unchanged
	return newView(&same, same.Set)
}
