// Package sets opens data sets of all kinds for the commands: it holds the flags that say
// how clips are made, what is checked of them, and what is said while videos are decoded.
package sets

import (
	"context"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/datasets/features"
	"github.com/tensorzoo/tensorzoo/datasets/idx"
	_ "github.com/tensorzoo/tensorzoo/datasets/npz" // a kind without options of its own
	"github.com/tensorzoo/tensorzoo/datasets/video"
)

// Options are those of sets of all kinds, where a MaxBad of 0 allows for no damaged clip. For features only Steps, where 0 means all,
// Sample, TestOnly, MaxBad and OnBad apply.
type Options struct {
	video.Options
	Sequence string // of mnist:DIR and fashion:DIR
}

// Frames reports whether the steps of the set called data are frames, which are scaled
// to a size.
func Frames(data string) bool {
	kind, _, inFolder := strings.Cut(data, ":")
	switch kind {
	case "actions":
		return !inFolder
	case "folder", "ucf11", "hmdb51", "youtube":
		return true
	}
	return false
}

// Open opens the set called data. It returns an error for an option that its kind does
// not have, and those of datasets.Open.
func Open(ctx context.Context, data string, opt Options) (datasets.Set, error) {
	if opt.MaxBad == 0 {
		opt.MaxBad = -1
	}
	kind, _, inFolder := strings.Cut(data, ":")
	if !inFolder {
		kind = data
	}
	what := map[string]string{"npz": " is", "features": ": features are", "mnist": ": pictures are", "fashion": ": pictures are"}[kind]
	switch {
	case opt.Sequence != "" && !(inFolder && what == ": pictures are"):
		return nil, errors.Errorf("datasets: %s has no sequences %q; mnist:DIR and fashion:DIR have", data, opt.Sequence)
	case what != "" && inFolder && (opt.Height != 0 || opt.Width != 0):
		advice := ""
		if kind == "npz" {
			advice = ", or save x in it"
		}
		return nil, errors.Errorf("datasets: %s%s not scaled to %dx%d; leave the size out (-size)%s", data, what, opt.Width, opt.Height, advice)
	case data == "actions":
		return actions.Open(actions.Options{Options: opt.Options.Options, Height: opt.Height, Width: opt.Width})
	case inFolder && kind == "features":
		return features.Open(ctx, data, features.Options{
			Options: opt.Options.Options, Steps: opt.Steps, Sample: opt.Sample, TestOnly: opt.TestOnly, MaxBad: opt.MaxBad, OnBad: opt.OnBad,
		})
	case inFolder && what == ": pictures are":
		return idx.Open(data, idx.Options{Options: opt.Options.Options, Sequence: opt.Sequence})
	case inFolder && Frames(data):
		return video.Open(ctx, data, opt.Options)
	}
	return datasets.OpenContext(ctx, data, opt.Options.Options)
}
