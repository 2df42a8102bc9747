package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
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
	var short, dense []string // formats for which the budget is too small, and that have more weights than a dense matrix
	many := ""
	for _, format := range formats {
		w := f.wanted
		w.Format = format
		p, err := newProposal(w)
		var budget *zoo.BudgetError
		switch {
		case err == nil:
			proposals = append(proposals, p)
		case one || !errors.As(err, &budget):
			return badf("-suggest: %s", strings.TrimPrefix(cmdline.Bare(err), "suggest: "))
		case budget.Least == 0:
			dense = append(dense, format)
			many = fmt.Sprintf("%s: more input weights at any rank than the %s of a dense matrix; leave them dense", strings.Join(dense, ", "), numerals.Thousands(budget.Dense))
		default:
			short = append(short, fmt.Sprintf("%s takes at least %s", format, numerals.Thousands(budget.Least)))
		}
	}
	switch {
	case len(proposals) == 0 && len(short) == 0:
		return badf("%s", many)
	case len(proposals) == 0:
		return badf("-budget %d is too small: %s", f.wanted.Budget, strings.Join(short, ", "))
	case f.js && one:
		return writeJSON(stdout, proposals[0])
	case f.js:
		return writeJSON(stdout, proposals)
	}
	var notes []string
	for _, p := range proposals {
		notes = append(notes, f.changes(p)...)
	}
	if one {
		for _, note := range notes {
			fmt.Fprintln(stderr, note)
		}
		return writeSpecs(stdout, proposals)
	}
	for _, s := range short {
		notes = append(notes, fmt.Sprintf("-budget %d is too small: %s", f.wanted.Budget, s))
	}
	if many != "" {
		notes = append(notes, many)
	}
	return printProposals(stdout, proposals, notes)
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

// printProposals prints a table, what it says in words, and the specs.
func printProposals(w io.Writer, proposals []proposal, notes []string) error {
	t := newTable(5, "model", "input modes", "output modes", "ranks", "input weights", "times fewer", "layer", fmt.Sprintf("model with %d classes", suggestedClasses), "mul-adds a frame")
	for _, p := range proposals {
		fewer := factor(float64(p.Dense.InputToHidden) / float64(p.InputToHidden))
		t.AppendRow(table.Row{p.Name, dims.Dots(p.InModes), dims.Dots(p.OutModes), proposedRanks(p.Description), numerals.Thousands(p.InputToHidden), fewer, numerals.Thousands(p.RecurrentLayer),
			numerals.Thousands(p.Model), numerals.Thousands(p.MulAddsPerFrame)})
	}
	fmt.Fprintf(w, "%s\n\n", t.Render())
	if len(notes) > 0 {
		fmt.Fprintf(w, "%s\n\n", strings.Join(notes, "\n"))
	}
	fmt.Fprintf(w, "To train one, put its line into a file, or let -format do it, as in -format %s > my.json, and give that to -spec:\n\n", proposals[0].Format)
	return writeSpecs(w, proposals)
}

// proposedRanks writes the one rank that a proposal has for all, and the blocks.
func proposedRanks(d zoo.Description) string {
	rank := fmt.Sprint(slices.Max(d.Ranks)) // but for the ends of a train, and the root of a tree
	if n := d.Layers[0].Weights[0].Blocks; n > 1 {
		return fmt.Sprintf("%s, %d blocks", rank, n)
	}
	return rank
}

// changes says where a proposal has other sizes than were asked for.
func (f *flags) changes(p proposal) []string {
	var changes []string
	if p.Padding > 0 {
		changes = append(changes, fmt.Sprintf("%s: %s appended to each frame of %s values, as %s has no %d balanced modes", p.Name, numerals.Counted(p.Padding, "zero"),
			numerals.Thousands(p.Features), numerals.Thousands(p.Features), len(p.InModes)))
	}
	if p.Hidden != f.wanted.Hidden {
		changes = append(changes, fmt.Sprintf("%s: %s hidden units and not %s, which has no %d balanced modes", p.Name, numerals.Thousands(p.Hidden), numerals.Thousands(f.wanted.Hidden), len(p.OutModes)))
	}
	return changes
}

// writeSpecs writes specs as JSON, each a line.
func writeSpecs(w io.Writer, proposals []proposal) error {
	enc := json.NewEncoder(w)
	for _, p := range proposals {
		if err := enc.Encode(p.Spec); err != nil {
			return errors.Wrap(err, "train: write a spec")
		}
	}
	return nil
}
