// Package trainflags has the flags of training that commands share, and makes a
// train.Config of them.
package trainflags

import (
	"flag"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/train"
)

// Settings are a configuration as flags set it: the numbers in place, the rest as the
// user writes it.
type Settings struct {
	train.Config
	Text struct{ Optimizer, Schedule, Augment, Freeze string }
}

// Add adds the flags whose meaning is the same wherever something is trained, with the
// given default of -schedule. The others, such as -epochs, are the command's own.
func (s *Settings) Add(fs *flag.FlagSet, schedule string) {
	fs.StringVar(&s.Text.Schedule, "schedule", schedule, "`how` the learning rate changes: constant, step:30:0.2 (times 0.2 every 30 epochs), inverse:1e-4 (divided by 1 + 1e-4 times the steps so far), cosine, or one of them after epochs of warm-up, as in warmup:2,cosine")
	fs.StringVar(&s.Text.Optimizer, "optimizer", "adam", "`rule`: adam, adamw, rmsprop, or sgd (momentum 0.9), with settings as in sgd:0.5 or adam:0.9:0.99")
	fs.StringVar(&s.Text.Augment, "augment", "", "`how` training clips are changed at random, such as brightness:0.3,colour:0.2: deviations of the logarithm of a factor of all values and of each colour")
	fs.Float64Var(&s.WeightDecay, "weight-decay", 0, "decay of all weights but biases; with adamw apart from the gradient")
	fs.Float64Var(&s.MaxGradNorm, "clip", 5, "largest global norm of the gradients; 0 for any")
	fs.Float64Var(&s.LabelSmoothing, "label-smoothing", 0, "part of the target that all classes share")
}

// Read returns the complete configuration, or an error that names the flag of fs whose
// value no run can have.
func (s *Settings) Read(fs *flag.FlagSet) (cfg train.Config, err error) {
	cfg = s.Config
	bad := func(flag string, err error) error { return errors.Errorf("-%s: %s", flag, cmdline.Bare(err)) }
	if cfg.Optimizer, err = train.ParseOptimizer(s.Text.Optimizer); err != nil {
		return cfg, bad("optimizer", err)
	}
	if cfg.Schedule, err = train.ParseSchedule(s.Text.Schedule); err != nil {
		return cfg, bad("schedule", err)
	}
	if cfg.Augment, err = datasets.ParseAugmentation(s.Text.Augment); err != nil {
		return cfg, bad("augment", err)
	}
	for pattern := range strings.SplitSeq(s.Text.Freeze, ",") {
		if pattern = strings.TrimSpace(pattern); pattern != "" {
			cfg.Freeze = append(cfg.Freeze, pattern)
		}
	}
	slices.Sort(cfg.Freeze)
	err = cfg.Check()
	var number *train.SettingError
	switch {
	case errors.As(err, &number):
		return cfg, errors.Errorf("-%s is %v; want %s", cmdline.Field(fs, number.Field), number.Value, number.Want)
	case err != nil:
		return cfg, errors.New(cmdline.Bare(err))
	}
	return cfg, nil
}
