package sets

import (
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Steps is a flag for a number of frames, or all.
type Steps int

// String implements flag.Value.
func (s *Steps) String() string {
	switch *s {
	case 0:
		return ""
	case preprocess.AllSteps:
		return "all"
	}
	return strconv.Itoa(int(*s))
}

// Get implements flag.Getter, for a run's configuration.
func (s *Steps) Get() any { return s.String() }

// Set implements flag.Value.
func (s *Steps) Set(text string) error {
	switch n, err := strconv.Atoi(text); {
	case text == "all":
		*s = preprocess.AllSteps
	case text == "": // as a run writes that it had none
		*s = 0
	case err != nil || n < 1:
		return errors.New("want a number from 1 on, or all")
	default:
		*s = Steps(n)
	}
	return nil
}

// Bytes is a flag for a number of bytes, such as 2GB.
type Bytes int64

var units = []struct {
	name  string
	bytes int64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}}

// String implements flag.Value.
func (b *Bytes) String() string {
	if *b == 0 {
		return ""
	}
	for _, u := range units {
		if int64(*b)%u.bytes == 0 {
			return strconv.FormatInt(int64(*b)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Get implements flag.Getter.
func (b *Bytes) Get() any { return b.String() }

// Set implements flag.Value.
func (b *Bytes) Set(text string) error {
	number, factor := text, int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(strings.ToLower(text), strings.ToLower(u.name)); ok {
			number, factor = rest, u.bytes
			break
		}
	}
	if text == "" {
		*b = 0
		return nil
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v > 0 && v*float64(factor) < 1e18) {
		return errors.New("want a size such as 500MB or 2GB")
	}
	*b = Bytes(v * float64(factor))
	return nil
}

// ParseSize reads the size of a frame, 160x120; its error quotes any other text.
func ParseSize(text string) (width, height int, err error) {
	w, h, _ := strings.Cut(text, "x")
	if width, err = strconv.Atoi(w); err == nil {
		height, err = strconv.Atoi(h)
	}
	if err != nil || width < 1 || height < 1 {
		return 0, 0, errors.Errorf("%q; want WIDTHxHEIGHT, such as 160x120", text)
	}
	return width, height, nil
}
