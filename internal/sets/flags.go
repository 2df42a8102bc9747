package sets

import (
	"flag"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Sets says which sets -data takes.
func Sets() string {
	return "data `set`: actions, npz:TRAIN.npz,TEST.npz, videos in a folder: folder:DIR, ucf11:DIR, hmdb51:DIR, youtube:DIR, features of videos: features:DIR, or pictures as sequences: mnist:DIR, fashion:DIR"
}

// Splits says what -split takes.
func Splits() string {
	return "`name` of the split into training and test clips; of actions: " + strings.Join(actions.Splits(), ", ") + " (the first is the default); of videos and features: group, official:1, random, or folds of them such as group:2/5; of any set: fold:2/5"
}

// Flags adds the flags that say how videos become clips; they set v and size.
func Flags(fs *flag.FlagSet, v *video.Options, size *string) {
	fs.Var((*Steps)(&v.Steps), "steps", "of videos and features: `frames` that are taken of a clip, or all (default 6 of videos, all of features)")
	fs.StringVar(&v.Sample, "sample", "random", "of videos and features: `which` frames, random (one draw a clip, sorted by time, as in the papers) or even; an evaluation takes those that the model was trained on unless it is given")
	fs.StringVar(size, "size", "", "of videos: `WIDTHxHEIGHT` that frames are scaled to (default the one of 4:3 that the model reads, 160x120 for the papers' models)")
	fs.BoolVar(&v.Grey, "grey", false, "of videos: brightness alone, without colours; needs -size")
	fs.StringVar(&v.Cache, "cache", "", "of videos: `folder` for decoded clips (default one of the user's own)")
	fs.Var((*Bytes)(&v.CacheLimit), "cache-limit", "of videos: `size` that the cache may have, such as 2GB; the clips unused for longest make room (default any)")
	fs.Float64Var(&v.MaxBad, "max-bad", 0.01, "of videos and features: `part` of the clips that may be damaged; they are reported and left out")
}

// Check returns an error for a flag of Flags that no set can have, or that the user gave
// although the set called data does not use it.
func Check(data string, v video.Options, size string, given func(name string) bool) error {
	kind, _, inFolder := strings.Cut(data, ":")
	for _, name := range []string{"steps", "sample", "max-bad", "grey", "cache", "cache-limit"} {
		features := kind == "features" && slices.Contains([]string{"steps", "sample", "max-bad"}, name)
		if given(name) && !(inFolder && Frames(data)) && !features {
			return errors.Errorf("-%s says nothing about -data %s, whose clips are taken as they are stored; leave it out", name, data)
		}
	}
	switch {
	case v.Grey && size == "":
		return errors.New("-grey needs the size of the frames, such as -size 160x120")
	case !(v.MaxBad >= 0 && v.MaxBad <= 1):
		return errors.Errorf("-max-bad is %v; want a part from 0 to 1, such as 0.01", v.MaxBad)
	case v.CacheLimit > 0 && v.CacheLimit < 1e6:
		return errors.Errorf("-cache-limit is %d bytes; want at least 1MB, such as 2GB", v.CacheLimit)
	}
	if size != "" {
		if _, _, err := ParseSize(size); err != nil {
			return errors.WithMessage(err, "-size")
		}
	}
	return nil
}

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
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"", 1}}

// String implements flag.Value.
func (b *Bytes) String() string {
	for _, u := range units {
		if *b != 0 && int64(*b)%u.bytes == 0 {
			return strconv.FormatInt(int64(*b)/u.bytes, 10) + u.name
		}
	}
	return ""
}

// Get implements flag.Getter.
func (b *Bytes) Get() any { return b.String() }

// Set implements flag.Value.
func (b *Bytes) Set(text string) error {
	*b = 0
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.ToLower(text), strings.ToLower(u.name))
		if !ok || text == "" {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v > 0 && v*float64(u.bytes) < 1e18) {
			return errors.New("want a size such as 500MB or 2GB")
		}
		*b = Bytes(v * float64(u.bytes))
		break
	}
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
