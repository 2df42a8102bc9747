package sets

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

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
