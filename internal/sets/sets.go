// Package sets opens data sets of all kinds for the commands: it holds the flags that say
// how clips are made, what is checked of them, and what is said while videos are decoded.
package sets

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/datasets/features"
	"github.com/tensorzoo/tensorzoo/datasets/idx"
	_ "github.com/tensorzoo/tensorzoo/datasets/npz" // a kind without options of its own
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

// Options are those of sets of all kinds, where a MaxBad of 0 allows for no damaged clip. For
// features only Steps, where 0 means all, Sample, TestOnly, MaxBad and OnBad apply.
type Options struct {
	video.Options
	Sequence string // of mnist:DIR and fashion:DIR
}

// Frames reports whether the steps of the set called data are frames, which are scaled
// to a size.
func Frames(data string) bool {
	kind, _, inFolder := strings.Cut(data, ":")
	return kind == "actions" && !inFolder || slices.Contains([]string{"folder", "ucf11", "hmdb51", "youtube"}, kind)
}

// Open opens the set called data. It returns an error for an option that its kind does
// not have, and those of datasets.Open.
func Open(ctx context.Context, data string, opt Options) (datasets.Set, error) {
	if opt.MaxBad == 0 {
		opt.MaxBad = -1
	}
	kind, _, inFolder := strings.Cut(data, ":")
	pictures := inFolder && (kind == "mnist" || kind == "fashion")
	switch {
	case opt.Sequence != "" && !pictures:
		return nil, errors.Errorf("datasets: %s has no sequences %q; mnist:DIR and fashion:DIR have", data, opt.Sequence)
	case inFolder && (opt.Height != 0 || opt.Width != 0) && (pictures || kind == "npz" || kind == "features"):
		return nil, errors.Errorf("datasets: %s is not scaled to %dx%d; leave the size out (-size)", data, opt.Width, opt.Height)
	case data == "actions":
		return actions.Open(actions.Options{Options: opt.Options.Options, Height: opt.Height, Width: opt.Width})
	case inFolder && kind == "features":
		return features.Open(ctx, data, features.Options{
			Options: opt.Options.Options, Steps: opt.Steps, Sample: opt.Sample, TestOnly: opt.TestOnly, MaxBad: opt.MaxBad, OnBad: opt.OnBad,
		})
	case pictures:
		return idx.Open(data, idx.Options{Options: opt.Options.Options, Sequence: opt.Sequence})
	case inFolder && Frames(data):
		return video.Open(ctx, data, opt.Options)
	}
	return datasets.OpenContext(ctx, data, opt.Options.Options)
}

// Frame returns the options with the frame size: the user's or, for a set called data of
// colour frames, the 4:3 one of that many values. For other sets the options stay as they
// are. It returns an error when there is no such size.
func Frame(opt Options, data, size string, features int) (_ Options, err error) {
	if size != "" {
		opt.Width, opt.Height, err = ParseSize(size)
		return opt, errors.WithMessage(err, "-size")
	}
	if !Frames(data) || opt.Grey {
		return opt, nil
	}
	j := int(math.Round(math.Sqrt(float64(features) / 36)))
	if opt.Height, opt.Width = 3*j, 4*j; j < 1 || 36*j*j != features {
		err = errors.Errorf("the model reads %d values a step, and frames of 4:3 in colour have 4j x 3j x 3, such as 160x120x3 = 57600 or 64x48x3 = 9216; "+
			"give the size of frames that have as many (-size, or -grey -size), or take another model, whose \"in_modes\" multiply to the values of a frame", features)
		if data == "actions" { // nobody may have asked for it
			err = errors.WithMessage(err, "-data is actions by default, give -data for other data; of actions")
		}
	}
	return opt, err
}

// CheckClasses returns an error for a set that no classifier can be trained on, as it has
// one class.
func CheckClasses(set datasets.Set) error {
	if classes := set.Classes(); len(classes) == 1 {
		return errors.Errorf("%s has one class, %s; a classifier needs two", set.Name(), names.Shown(classes[0]))
	}
	return nil
}

// Apart returns an error when the folder out is that of the set called data or within it:
// what a run writes there would be taken for clips and classes by the next.
func Apart(data, out string) error {
	kind, root, inFolder := strings.Cut(data, ":")
	if !inFolder || root == "" || !Frames(data) && kind != "features" {
		return nil
	}
	clips, err := os.Stat(root)
	if err != nil {
		return nil // the set says it better
	}
	at, err := filepath.Abs(out)
	if err != nil {
		return errors.Wrap(err, "-out")
	}
	for {
		// A link stands for the folder it leads to, and out need not be there yet.
		if real, err := filepath.EvalSymlinks(at); err == nil {
			at = real
		}
		if info, err := os.Stat(at); err == nil && os.SameFile(info, clips) {
			return errors.Errorf("-out %s is in the folder of -data %s, where the next run would take it for clips; give a folder elsewhere", out, data)
		}
		parent := filepath.Dir(at)
		if parent == at {
			return nil
		}
		at = parent
	}
}

// Damaged makes a cmdline.Usage, which says what to do, of the error of a set with more damaged
// clips than v allows. Other errors stay as they are.
func Damaged(err error, v video.Options) error {
	var many *datasets.DamagedError
	if !errors.As(err, &many) {
		return err
	}
	return cmdline.Usagef("%v; remove what is damaged, or allow for more than -max-bad %v of the clips", err, max(0, v.MaxBad))
}
