package main

import (
	"fmt"
	"strconv"

	"github.com/pkg/errors"
)

// row writes an answer as a line of CSV, the names of the columns before the first.
func (p *printer) row(a answer) error {
	names, values := []string{"clip"}, []string{a.Clip}
	if p.follow {
		names, values = append(names, "step", "frame"), append(values, strconv.Itoa(*a.Step), frame(a.Frame))
	}
	if p.labelled {
		names, values = append(names, "label"), append(values, a.Label)
	}
	for k, g := range a.Classes {
		names = append(names, fmt.Sprintf("class_%d", k+1), fmt.Sprintf("probability_%d", k+1))
		values = append(values, g.Class, strconv.FormatFloat(g.Probability, 'g', -1, 64))
	}
	if !p.headings {
		p.headings = true
		p.csv.Write(names) // Error has what fails
	}
	p.csv.Write(values)
	p.csv.Flush()
	return errors.Wrap(p.csv.Error(), "predict")
}
