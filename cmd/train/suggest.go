package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// suggestedClasses is the number of classes that the table counts a classifier
// for: those of the embedded clips. The specs leave them to the data set.
const suggestedClasses = 8

// proposal is a spec in figures.
type proposal struct {
	zoo.Description
	Spec zoo.Spec `json:"spec"`
}

// propose prints specs of all formats, or the one of -format alone.
func (f *flags) propose(stdout, stderr io.Writer) error {
	formats, one := zoo.SuggestedFormats(), f.wanted.Format != ""
	if one {
		formats = []string{f.wanted.Format}
	}
	var proposals []proposal
	var changes, specs strings.Builder // where a proposal has other sizes than were asked for; a line of JSON each
	var short, dense []string          // formats for which the budget is too small, and that have more weights than a dense matrix
	many := ""
	for _, format := range formats {
		w := f.wanted
		w.Format = format
		p, err := newProposal(w)
		var budget *zoo.BudgetError
		switch {
		case err == nil:
			proposals = append(proposals, p)
			changes.WriteString(worded("changes", struct {
				zoo.Description
				Wanted int
			}{p.Description, w.Hidden}))
			if err := json.NewEncoder(&specs).Encode(p.Spec); err != nil {
				return errors.Wrap(err, "train: write a spec")
			}
		case one || !errors.As(err, &budget):
			return badf("-suggest: %s", strings.TrimPrefix(cmdline.Bare(err), "suggest: "))
		case budget.Least == 0:
			dense = append(dense, format)
			many = fmt.Sprintf("%s: more input weights at any rank than the %s of a dense matrix; leave them dense", strings.Join(dense, ", "), numerals.Thousands(budget.Dense))
		default:
			short = append(short, fmt.Sprintf("%s takes at least %s", format, numerals.Thousands(budget.Least)))
		}
	}
	tooSmall := fmt.Sprintf("-budget %d is too small: %s", f.wanted.Budget, strings.Join(short, ", "))
	switch {
	case len(proposals) == 0 && len(short) == 0:
		return badf("%s", many)
	case len(proposals) == 0:
		return badf("%s", tooSmall)
	case f.js && one:
		return writeJSON(stdout, proposals[0])
	case f.js:
		return writeJSON(stdout, proposals)
	case one:
		fmt.Fprint(stderr, &changes)
	default:
		notes := changes.String()
		if len(short) > 0 {
			notes += tooSmall + "\n"
		}
		if many != "" {
			notes += many + "\n"
		}
		fmt.Fprint(stdout, worded("proposals", struct {
			Proposals []proposal
			Notes     string
		}{proposals, notes}))
	}
	_, err := fmt.Fprint(stdout, &specs)
	return err
}

func newProposal(w zoo.SuggestOptions) (proposal, error) {
	s, err := zoo.Suggest(w)
	if err != nil {
		return proposal{}, err
	}
	whole := s
	whole.Classes = suggestedClasses
	d, err := zoo.Describe(zoo.Entry{Name: w.Format + "-" + w.Cell, Spec: whole})
	return proposal{Description: d, Spec: s}, err
}
