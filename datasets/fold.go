package datasets

import (
	"fmt"

	"github.com/pkg/errors"
)

// Fold returns the training part of s as a set of its own, for choices that must
// not depend on the test clips of s, such as that of a learning rate. Its
// training clips are cut into the given number of folds: number fold, from 0,
// becomes the test part and the others the training part. Folds consist of whole
// groups if s is Grouped, otherwise of single clips. The same seed makes the
// same folds. Everything else is that of s, including the normalisation, which
// was measured on all training clips; the fingerprint identifies the test part.
// The new set is Grouped and Labelled if s is, and has no validation part.
// Closing it closes s.
//
// It returns an error when there are fewer than 2 folds, more folds than groups
// or clips, or no such fold.
func Fold(s Set, folds, fold int, seed uint64) (Set, error) {
	if folds < 2 || fold < 0 || fold >= folds {
		return nil, errors.Errorf("datasets: %s: fold %d of %d, want one from 0 on of at least 2", s.Name(), fold, folds)
	}
	groups, what := drawn(s, "folds", seed)
	if len(groups) < folds {
		return nil, errors.Errorf("datasets: %s: %d training %s cannot be cut into %d folds", s.Name(), len(groups), what, folds)
	}
	var parts [Validation + 1][]int
	for k, clips := range groups {
		part := Train
		if k%folds == fold {
			part = Test
		}
		parts[part] = append(parts[part], clips...)
	}
	f := newSubset(s, parts)
	f.name = fmt.Sprintf("%s, fold %d of %d of its training part", s.Name(), fold+1, folds)
	f.mark = mark("fold", parts[Test])
	return newView(f, s), nil
}
