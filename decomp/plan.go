package decomp

import (
	"fmt"
	"strings"
)

// Plan is a way to compute y = x·W without W. The cores of each network are
// merged into factors, which is done once however many rows x has; then the
// factors are contracted with x, one after the other. With one factor that is
// the whole matrix, with a factor per core it is the product mode by mode.
type Plan struct {
	Rows  int // of x
	Terms []Term
	// Nanoseconds is what the cost model estimates for one core: Uses products
	// with their gradients, unless the plan is for inference, and one merge.
	Nanoseconds float64

	matrix *Matrix
}

// Term is the plan of one network of the matrix.
type Term struct {
	Factors []Factor
	Steps   []Step // step k contracts factor k
	// Reorder are the axes of the last step's result where the outputs are not
	// in their order and have to be put into it; nil where they are.
	Reorder []Leg
}

// Factor is a product of cores.
type Factor struct {
	Name         string // of its cores, e.g. "U4·U5·B4.5"
	Cores        []int  // indexes in the network
	Merges       []Merge
	Shared, Free []Leg // its axes: those summed over when it meets x, in x's order, and those it adds
}

// Merge contracts operands A and B over all legs they share: operand k is the
// k-th of a factor's cores, and the results follow.
type Merge struct{ A, B int }

// Step contracts the tensor that was x with a factor.
type Step struct {
	// Before are the tensor's axes after the rows. Moved says that they have to
	// be put into another order, Order, first: the only time that a tensor with
	// the batch's rows is transposed. After are the axes of the result.
	Before, Order, After []Leg
	Moved                bool
	MulAdds              int // a row, forward
	Elements             int // a row of the result

	outer int // axes of Order before those that are one side of the products
	place place
	count int // axes shared
}

// place says where in Order the shared axes stand and where the new ones go.
type place int

const (
	inPlace  place = iota // (outer, shared, rest) -> (outer, free, rest)
	behind                // (outer, shared, rest) -> (outer, rest, free)
	inFront               // (outer, rest, shared) -> (outer, free, rest)
	replaced              // (rest, shared) -> (rest, free)
)

// PlanOptions of Matrix.Plan. The zero value of each field has a meaning.
type PlanOptions struct {
	Rows      int  // of x; 0 means 1
	Uses      int  // products for each time that the cores change, such as the steps of a recurrence; 0 means 1
	Inference bool // no gradients, and the cores are merged long before
	// InputGradient says that x has a gradient too, as above another layer. With
	// several Uses it always has.
	InputGradient bool
}

// MulAdds returns the multiply-adds of a row of x, forward, and those of
// merging the cores, which are spent once. Neither is more than 2^53.
func (p *Plan) MulAdds() (perRow, once int) {
	var steps, merges float64
	for t, term := range p.Terms {
		for k, f := range term.Factors {
			steps += float64(term.Steps[k].MulAdds)
			walk(coreLegs(p.matrix.Terms[t], f.Cores), f.Merges, func(a, b []Leg) { merges += volume(union(a, b)) })
		}
	}
	return counted(steps), counted(merges)
}

// GradientMulAdds returns the multiply-adds of a row of x that the gradients take:
// each step is repeated twice, once for its factor and once for the tensor it
// meets. The first tensor is x, which may need no gradient. Gradients of merges,
// which are spent once, are left out.
func (p *Plan) GradientMulAdds(inputGradient bool) int {
	total := 0
	for _, term := range p.Terms {
		for k, s := range term.Steps {
			total += s.MulAdds
			if k > 0 || inputGradient {
				total += s.MulAdds
			}
		}
	}
	return total
}

// String lists the steps with shapes, multiply-adds and elements a row.
func (p *Plan) String() string {
	var b strings.Builder
	for t, term := range p.Terms {
		if len(p.Terms) > 1 {
			fmt.Fprintf(&b, "term %d\n", t+1)
		}
		for k, f := range term.Factors {
			s := term.Steps[k]
			fmt.Fprintf(&b, "%s  %s -> %s", f.Name, names(s.Before), names(s.After))
			if s.Moved {
				fmt.Fprintf(&b, " (moved to %s)", names(s.Order))
			}
			fmt.Fprintf(&b, "  %d multiply-adds, %d elements a row\n", s.MulAdds, s.Elements)
		}
		if term.Reorder != nil {
			fmt.Fprintf(&b, "%s put into order\n", names(term.Reorder))
		}
	}
	return b.String()
}

// names writes legs as users read them: a1:8 a2:20.
func names(legs []Leg) string {
	s := make([]string, len(legs))
	for k, l := range legs {
		s[k] = fmt.Sprintf("%s:%d", l.Name, l.Size)
	}
	return strings.Join(s, " ")
}
