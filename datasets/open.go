package datasets

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Options are the options of Open. The zero value opens a set the way its
// authors meant it.
type Options struct {
	// Split names the way the set is cut into training and test parts. Empty is
	// the default split, the first that Splits returns. Every set has folds:
	// "fold:2/5" tests the second fifth of all its clips and trains on the rest,
	// whole groups if it is Grouped; the five test parts make up the set.
	Split string

	// Height and Width are the rows and columns of the frames the model wants;
	// frames of another size are scaled, ignoring their aspect ratio. Both zero
	// means the stored size, the only one for a set without Frames.
	Height, Width int

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

	// TestOnly leaves the training part of sets with one file per clip, videos
	// and features, empty, so that none of its files are read. It needs
	// Normalisation if that would be measured.
	TestOnly bool

	// Video says how video files become clips, for sets made of them. For
	// features only Steps, where 0 means all, Sample, MaxBad and OnBad apply.
	Video Video

	// Sequence says how the pictures of mnist:DIR and fashion:DIR become clips:
	// "rows" (also "") one by one from top to bottom, 28 steps of 28 values;
	// "bands:4" the same by 4 rows, 7 steps of (4, 28), for any divisor of 28;
	// "digits:10" as 10 whole pictures, steps of (28, 28), of which one or none
	// is a 0, as the label says. It must be empty for other sets.
	Sequence string

	// Accept, when it is not nil, is called with the name of the set and the
	// shape of its steps, before clips are unpacked, decoded or measured. Open
	// returns its error.
	Accept func(set string, stepShape []int) error

	// Classes are those of a checkpoint: a set with other names is refused, and
	// one without names gets these. Nil means those of the set.
	Classes []string
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

// Names returns the names of the sets built into the program.
func Names() []string {
	var names []string
	for _, s := range sources {
		names = append(names, s.name)
	}
	return names
}

// Splits returns the names of the splits of a set, the default first. It returns
// nil if there is no such set.
func Splits(name string) []string {
	for _, s := range sources {
		if s.name == name {
			return slices.Clone(s.splits)
		}
	}
	return nil
}

// Frames reports whether the steps of the named set are frames, which
// Options.Height and Options.Width scale.
func Frames(name string) bool {
	kind, _, _ := strings.Cut(name, ":")
	return slices.Contains(Names(), name) || layouts[kind] != nil
}

// FrameSize returns the rows and columns of 4:3 RGB frames with the given number
// of values, to open the actions with for a model that reads that many. It
// returns an error when there are no such frames.
func FrameSize(features int) (height, width int, err error) {
	j := int(math.Round(math.Sqrt(float64(features) / 36)))
	if j < 1 || 36*j*j != features {
		return 0, 0, errors.Errorf("the model reads %d values a step, and frames of 4:3 in colour have 4j x 3j x 3, such as 160x120x3 = 57600 or 64x48x3 = 9216", features)
	}
	return 3 * j, 4 * j, nil
}

// Open returns the set called name, one of Names, or one in the user's own
// files, called "npz:train.npz,test.npz" or "npz:test.npz"; see the package
// comment. The second form has no training part to measure, so it needs
// Options.Normalisation. "ucf11:DIR", "hmdb51:DIR", "youtube:DIR" and
// "folder:DIR" are sets of videos; see Video. "features:DIR" are features of
// videos, and "mnist:DIR" and "fashion:DIR" pictures as sequences; see the
// package comment.
//
// It returns an error when there is no such set or no such split, when only
// one of Height and Width is given, when the options do not fit the set, or
// when its files are missing, damaged or not what they should be.
func Open(name string, opt Options) (Set, error) {
	return OpenContext(context.Background(), name, opt)
}

// OpenContext is Open with a context. It returns ctx's error when ctx is done
// while videos are decoded, as for AllSteps or a mean of all training clips, or
// features are read. When ctx is done later, a set of videos stops decoding at
// once: Read returns what the cache has, and ctx's error for other clips.
func OpenContext(ctx context.Context, name string, opt Options) (Set, error) {
	set, err := openSet(ctx, name, opt)
	if err != nil {
		return nil, err
	}
	if err := opt.accept(set); err != nil { // once more for sets that are read quickly
		set.Close()
		return nil, err
	}
	return set, nil
}

// accept asks whether the steps of a set are wanted.
func (opt Options) accept(s Set) error {
	if opt.Accept == nil {
		return nil
	}
	return opt.Accept(s.Name(), s.StepShape())
}

func openSet(ctx context.Context, name string, opt Options) (Set, error) {
	if opt.Normalisation == nil {
		opt.Normalisation = fixed(opt.Normalise)
	}
	if err := checkNormalise(opt.Normalise); err != nil {
		return nil, errors.WithMessage(err, "datasets")
	}
	kind, root, inFolder := strings.Cut(name, ":")
	if opt.TestOnly && opt.Normalisation == nil && !slices.Contains([]string{"", auto, none}, opt.Normalise) {
		return nil, errors.Errorf("datasets: %s: TestOnly leaves nothing to measure %q over; give Normalisation", name, opt.Normalise)
	}
	if inFolder && pictureClasses[kind] != nil {
		return openPictures(name, kind, root, opt)
	}
	if opt.Sequence != "" {
		return nil, errors.Errorf("datasets: %s has no sequences %q; mnist:DIR and fashion:DIR have", name, opt.Sequence)
	}
	if files, ok := strings.CutPrefix(name, npzPrefix); ok {
		return openNPZ(name, files, opt)
	}
	if inFolder && kind == featuresKind {
		return openFeatures(ctx, name, root, opt)
	}
	if inFolder && layouts[kind] != nil {
		if err := checkFrameSize(opt.Height, opt.Width); err != nil {
			return nil, errors.WithMessagef(err, "datasets: %s", name)
		}
		return openVideo(ctx, name, kind, root, opt)
	}
	if layouts[name] != nil || pictureClasses[name] != nil || name == featuresKind {
		return nil, errors.Errorf("datasets: %s is a set in a folder; write %s:FOLDER", name, name)
	}
	at := slices.IndexFunc(sources, func(s source) bool { return s.name == name })
	if at < 0 {
		return nil, unknownSet(name)
	}
	src := sources[at]
	if opt.Split == "" {
		opt.Split = src.splits[0]
	}
	if !slices.Contains(src.splits, opt.Split) && !isFold(opt.Split) {
		return nil, errors.Errorf("datasets: %s has no split %q%s", name, opt.Split, didyoumean.Hint(opt.Split, append(Splits(name), foldSplit+"2/5")))
	}
	if err := checkFrameSize(opt.Height, opt.Width); err != nil {
		return nil, errors.WithMessagef(err, "datasets: %s", name)
	}
	return src.open(opt)
}

// unknownSet is the error for a name that is not a set's. It shows the names
// that there are, and the one probably meant.
func unknownSet(name string) error {
	const files = npzPrefix + "TRAIN.npz,TEST.npz"
	known := append(Names(), files)
	kinds := append(Names(), strings.TrimSuffix(npzPrefix, ":"))
	for _, kind := range folderKinds() {
		known, kinds = append(known, kind+":DIR"), append(kinds, kind)
	}
	kind, _, hasKind := strings.Cut(name, ":")
	meant := didyoumean.Closest(kind, kinds)
	if name == "npz" { // and no files
		meant = files
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		meant = "folder:" + name
	} else if !hasKind && strings.HasSuffix(name, ".npz") {
		paths, err := npzPaths(name)
		if err != nil {
			return err
		}
		for _, path := range paths {
			if !isThere(path) {
				return errors.Errorf("datasets: %s: no such file; a set in files is %s", path, files)
			}
		}
		meant = npzPrefix + name
	}
	if meant != "" {
		meant = fmt.Sprintf("; did you mean %q?", meant)
	}
	return errors.Errorf("datasets: no set is called %q%s (known: %s)", name, meant, strings.Join(known, ", "))
}

// folderKinds lists the kinds of sets in folders, which stand before a colon.
func folderKinds() []string {
	all := slices.Concat(slices.Collect(maps.Keys(layouts)), slices.Collect(maps.Keys(pictureClasses)), []string{featuresKind})
	slices.Sort(all)
	return all
}

// list writes names the way errors show them, and not all of very many.
func list(all []string) string {
	const most = 20
	var shown []string
	for _, name := range all[:min(len(all), most)] {
		shown = append(shown, names.Shown(name))
	}
	if len(all) > most {
		shown = append(shown, "...")
	}
	return strings.Join(shown, ", ")
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
