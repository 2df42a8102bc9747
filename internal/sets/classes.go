package sets

import (
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
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
