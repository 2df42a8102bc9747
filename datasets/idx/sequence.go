package idx

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// sequence is how pictures of 28 by 28 become clips.
type sequence struct {
	name      string
	pictures  int // of a clip
	steps     int
	stepShape []int
	drawn     bool // several pictures, of which one or none is of class 0
}

// parseSequence reads what Options.Sequence says.
func parseSequence(s string) (sequence, error) {
	if s == "" {
		s = "rows"
	}
	kind, number, _ := strings.Cut(s, ":")
	n, err := strconv.Atoi(number)
	switch {
	case s == "rows":
		return sequence{name: s, pictures: 1, steps: side, stepShape: []int{side}}, nil
	case kind == "bands" && err == nil && n > 0 && side%n == 0:
		return sequence{name: s, pictures: 1, steps: side / n, stepShape: []int{n, side}}, nil
	case kind == "bands":
		return sequence{}, errors.Errorf("sequence %q; want a number of rows that divides %d, such as bands:4", s, side)
	case kind == "digits" && err == nil && n > 0 && n <= preprocess.MaxValues/(side*side):
		return sequence{name: s, pictures: n, steps: n, stepShape: []int{side, side}, drawn: true}, nil
	case kind == "digits":
		return sequence{}, errors.Errorf("sequence %q; want a number of pictures, such as digits:10", s)
	}
	return sequence{}, errors.Errorf("there is no sequence %q; want rows, bands:4 or digits:10, or other numbers", s)
}

// classes returns those of the clips made of pictures of the given classes.
func (q sequence) classes(of []string) []string {
	if !q.drawn {
		return of
	}
	return []string{"without " + of[0], "with " + of[0]}
}

// draw makes clips of the pictures of a part, each of which is in one at most: every
// second clip has one picture of class 0, in any place, the others have none. It
// returns the pictures of all clips, one after the other, and the label of each.
func (q sequence) draw(part []int, labels []byte, rng *rand.Rand) (clips []int, tags []byte) {
	var zeros, others []int
	for _, k := range rng.Perm(len(part)) {
		if labels[part[k]] == 0 {
			zeros = append(zeros, part[k])
		} else {
			others = append(others, part[k])
		}
	}
	pairs := min(len(others)/(2*q.pictures), len(zeros))
	clips, tags = others[:2*pairs*q.pictures], make([]byte, 2*pairs)
	for k := range pairs {
		with := 2*k + 1
		tags[with] = 1
		clips[with*q.pictures+rng.IntN(q.pictures)] = zeros[k]
	}
	return clips, tags
}
