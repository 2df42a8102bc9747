package sets

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

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
