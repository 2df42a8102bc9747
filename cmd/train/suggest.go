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
	if f.wanted.Format != "" {
		s, err := zoo.Suggest(f.wanted)
		if err != nil {
			return badf("-suggest: %s", strings.TrimPrefix(cmdline.Bare(err), "suggest: "))
		}
		p, err := newProposal(s)
		if err != nil {
			return err
		}
		if f.js {
			return writeJSON(stdout, p)
		}
		for _, change := range f.changes(p) {
			fmt.Fprintln(stderr, change)
		}
		return writeSpecs(stdout, []proposal{p})
	}
	var proposals []proposal
	var short []string // formats for which the budget is too small
	var dense []string // and those that have more weights than a dense matrix
	many := ""
	for _, format := range zoo.SuggestedFormats() {
		w := f.wanted
		w.Format = format
		s, err := zoo.Suggest(w)
		var budget *zoo.BudgetError
		if errors.As(err, &budget) && budget.Least == 0 {
			dense = append(dense, format)
			many = fmt.Sprintf("%s: more input weights at any rank than the %s of a dense matrix; leave them dense", strings.Join(dense, ", "), thousands(budget.Dense))
			continue
		}
		if errors.As(err, &budget) {
			short = append(short, fmt.Sprintf("%s takes at least %s", format, thousands(budget.Least)))
			continue
		}
		if err != nil {
			return badf("-suggest: %s", strings.TrimPrefix(cmdline.Bare(err), "suggest: "))
		}
		p, err := newProposal(s)
		if err != nil {
			return err
		}
		proposals = append(proposals, p)
	}
	if len(proposals) == 0 && len(short) == 0 {
		return badf("%s", many)
	}
	if len(proposals) == 0 {
		return badf("-budget %d is too small: %s", f.wanted.Budget, strings.Join(short, ", "))
	}
	if f.js {
		return writeJSON(stdout, proposals)
	}
	return f.printProposals(stdout, proposals, short, many)
}

func newProposal(s zoo.Spec) (proposal, error) {
	whole := s
	whole.Classes = suggestedClasses
	d, err := zoo.Describe(zoo.Entry{Name: s.Format.Name() + "-" + s.Cell, Spec: whole})
	return proposal{Description: d, Spec: s}, err
}

// printProposals prints a table, what it says in words, and the specs.
func (f *flags) printProposals(w io.Writer, proposals []proposal, short []string, many string) error {
	t := newTable()
	t.AppendHeader(table.Row{"model", "input modes", "output modes", "ranks", "input weights", "times fewer", "layer", fmt.Sprintf("model with %d classes", suggestedClasses), "mul-adds a frame"})
	for _, p := range proposals {
		t.AppendRow(table.Row{p.Name, modes(p.InModes), modes(p.OutModes), proposedRanks(p.Description), thousands(p.InputToHidden), fewer(p.Description), thousands(p.RecurrentLayer),
			thousands(p.Model), thousands(p.MulAddsPerFrame)})
	}
	rightAlign(t, 5, 9)
	fmt.Fprintf(w, "%s\n\n", t.Render())
	var notes []string
	for _, p := range proposals {
		notes = append(notes, f.changes(p)...)
	}
	for _, s := range short {
		notes = append(notes, fmt.Sprintf("-budget %d is too small: %s", f.wanted.Budget, s))
	}
	if many != "" {
		notes = append(notes, many)
	}
	if len(notes) > 0 {
		fmt.Fprintf(w, "%s\n\n", strings.Join(notes, "\n"))
	}
	fmt.Fprintf(w, "To train one, put its line into a file, or let -format do it, as in -format %s > my.json, and give that to -spec:\n\n", proposals[0].Format)
	return writeSpecs(w, proposals)
}

// fewer writes how many times fewer input weights a model has than a dense one.
func fewer(d zoo.Description) string {
	return factor(float64(d.Dense.InputToHidden) / float64(d.InputToHidden))
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
		changes = append(changes, fmt.Sprintf("%s: %s appended to each frame of %s values, as %s has no %d balanced modes", p.Name, counted(p.Padding, "zero"),
			thousands(p.Features), thousands(p.Features), len(p.InModes)))
	}
	if p.Hidden != f.wanted.Hidden {
		changes = append(changes, fmt.Sprintf("%s: %s hidden units and not %s, which has no %d balanced modes", p.Name, thousands(p.Hidden), thousands(f.wanted.Hidden), len(p.OutModes)))
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
