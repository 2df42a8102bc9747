package main

import (
	"fmt"
	"strconv"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
)

// row writes an answer as a line of CSV, the names of the columns before the first. The
// clip is named as in a table, with escapes where a terminal would act on it.
func (p *printer) row(a answer) error {
	head, values := []string{"clip"}, []string{names.Shown(a.Clip)}
	if p.follow {
		head, values = append(head, "step", "frame"), append(values, strconv.Itoa(*a.Step), frame(a.Frame))
	}
	if p.labelled {
		head, values = append(head, "label"), append(values, a.Label)
	}
	for k, g := range a.Classes {
		head = append(head, fmt.Sprintf("class_%d", k+1), fmt.Sprintf("probability_%d", k+1))
		values = append(values, g.Class, strconv.FormatFloat(g.Probability, 'g', -1, 64))
	}
	if !p.headings {
		p.headings = true
		p.csv.Write(head) // Error has what fails
	}
	p.csv.Write(values)
	p.csv.Flush()
	return errors.Wrap(p.csv.Error(), "predict")
}
