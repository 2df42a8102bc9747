package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// defaultSteps is what no -steps means for videos.
const defaultSteps = "6"

// gaps says which classes have no training or no test clips, as far as the set knows
// without reading them: a line for each part.
func gaps(set datasets.Set) (lines []string) {
	labelled, ok := set.(datasets.Labelled)
	if !ok {
		return nil
	}
	classes := set.Classes()
	for _, of := range []struct {
		part datasets.Part
		name string
	}{{datasets.Train, "training"}, {datasets.Test, "test"}} {
		if set.Clips(of.part) == 0 { // it is not asked for
			continue
		}
		lacking := slices.Clone(classes)
		for i := range set.Clips(of.part) {
			lacking[labelled.Label(of.part, i)] = ""
		}
		lacking = slices.DeleteFunc(lacking, func(name string) bool { return name == "" })
		if len(lacking) > 0 {
			lines = append(lines, fmt.Sprintf("no %s clips of %d of the %d classes, which have too few for this split: %s", of.name, len(lacking), len(classes), strings.Join(lacking, ", ")))
		}
	}
	return lines
}
