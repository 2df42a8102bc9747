package layout

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
)

// sortClasses checks the names of the classes and sorts them as they are compared: a
// copy of the set where é is spelt otherwise has the same classes with the same numbers.
func (l *Listing) sortClasses() error {
	order := make([]int, len(l.Classes))
	for k, class := range l.Classes {
		if err := names.Check(class); err != nil {
			return errors.Errorf("%s: a class has no name to keep: %v; rename it", l.Root, err)
		}
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(names.Key(l.Classes[a]), names.Key(l.Classes[b])) })
	sorted, number := make([]string, len(order)), make([]int, len(order))
	for to, from := range order {
		sorted[to], number[from] = l.Classes[from], to
		if to > 0 && names.Key(sorted[to-1]) == names.Key(sorted[to]) {
			return errors.Errorf("%s: the classes %+q and %+q are one name, spelt in two ways; put their clips together", l.Root, sorted[to-1], sorted[to])
		}
	}
	l.Classes = sorted
	for k := range l.Clips {
		l.Clips[k].Class = number[l.Clips[k].Class]
	}
	return nil
}
