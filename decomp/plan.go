package decomp

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tensorzoo/tensorzoo/internal/planner"
)

// Plan is a way to compute y = x·W without W. The cores of each network are
// merged into factors, which is done once however many rows x has; then the
// factors are contracted with x, one after the other. With one factor that is
// the whole matrix, with a factor per core it is the product mode by mode.
type Plan struct {
	Rows int // of x
	// Nanoseconds is what the cost model estimates for one core: Uses products
	// with their gradients, unless the plan is for inference, and one merge.
	Nanoseconds float64

	matrix *Matrix
	terms  []term
}

// term is the plan of one network of the matrix.
type term struct {
	planner.Plan
	network numbered
	factors []string // the names of their cores, e.g. "U4·U5·B4.5"
}

// PlanOptions of Matrix.Plan. The zero value of each field has a meaning.
type PlanOptions struct {
	Rows      int  // of x; 0 means 1
	Uses      int  // products for each time that the cores change, such as the steps of a recurrence; 0 means 1
	Inference bool // no gradients, and the cores are merged long before
	// InputGradient says that x has a gradient too, as above another layer. With
	// several Uses it always has.
	InputGradient bool
}

// Plan returns the cheapest plan by the cost model of the backend that the
// program was built with: products at the rates measured for their shapes, and
// elements moved, with the gradients of the cores and of every tensor but x.
//
// For networks of up to 13 cores it is the best there is of all plans that merge
// cores in any way into factors, contract these in any order and put the new axes
// at any place, unless a limit of the search ends it sooner: internal/planner/README.md
// has them. All are counts, so that no plan depends on a clock.
//
// Plans are kept: a second call with the same options returns the same.
func (m *Matrix) Plan(opt PlanOptions) *Plan {
	opt.Rows, opt.Uses = max(1, opt.Rows), max(1, opt.Uses)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if p := m.plans[opt]; p != nil {
		return p
	}
	if m.plans == nil {
		m.plans = map[PlanOptions]*Plan{}
	}
	p := m.planWith(opt, planner.Standard().Share(max(1, m.share)))
	m.plans[opt] = p
	return p
}

// Share prepares the matrices of one model for planning. It returns a matrix for each;
// equal ones get the first of them, so that they are planned once. Where there are more
// than four different ones, each search looks at less, and all together look at no more
// than two would.
func Share(matrices []*Matrix) []*Matrix {
	shared := make([]*Matrix, len(matrices))
	var different []*Matrix
	hard := 0
	for k, m := range matrices {
		j := slices.IndexFunc(different, m.equal)
		if j < 0 {
			j = len(different)
			different = append(different, m)
			if slices.ContainsFunc(m.Terms, func(net Network) bool { return len(net) > 4 }) {
				hard++
			}
		}
		shared[k] = different[j]
	}
	for _, m := range different {
		if m.share = 1; hard > 4 {
			m.share = (hard + 1) / 2
		}
	}
	return shared
}

// equal reports whether two matrices are the same in all that plans and products depend on.
func (m *Matrix) equal(other *Matrix) bool {
	same := func(a, b Core) bool { return a.Name == b.Name && slices.Equal(a.Legs, b.Legs) }
	return m.Format == other.Format && slices.Equal(m.In, other.In) && slices.Equal(m.Out, other.Out) &&
		slices.EqualFunc(m.Terms, other.Terms, func(a, b Network) bool { return slices.EqualFunc(a, b, same) }) &&
		slices.EqualFunc(m.whole, other.whole, same) && maps.Equal(m.from, other.from)
}

// planWith is Plan by a search with the given settings.
func (m *Matrix) planWith(opt PlanOptions, s planner.Settings) *Plan {
	plan := &Plan{Rows: opt.Rows, matrix: m}
	for k, net := range m.Terms {
		t := term{network: m.number(net)}
		// Blocks are alike but for the names of their cores.
		same := slices.IndexFunc(m.Terms[:k], net.like)
		if same >= 0 {
			t.Plan = plan.terms[same].Plan
		} else {
			t.Plan = planner.Find(t.network.Network, planner.Options(opt), s)
		}
		for _, step := range t.Steps {
			names := make([]string, len(step.Cores))
			for j, core := range step.Cores {
				names[j] = net[core].Name
			}
			t.factors = append(t.factors, strings.Join(names, "·"))
		}
		plan.Nanoseconds += t.Nanoseconds
		plan.terms = append(plan.terms, t)
	}
	return plan
}

// like reports whether two networks are the same but for the names of their cores.
func (net Network) like(other Network) bool {
	return slices.EqualFunc(net, other, func(a, b Core) bool { return slices.Equal(a.Legs, b.Legs) })
}

// numbered is a network as the planner knows it, and the legs by their numbers. Rank
// legs in one core alone are left out: they are summed before the core meets others.
type numbered struct {
	planner.Network
	legs []Leg
}

func (m *Matrix) number(net Network) (n numbered) {
	number := func(legs []Leg) []int {
		var list []int
		for _, l := range legs {
			k := slices.Index(n.legs, l)
			if k < 0 {
				k = len(n.legs)
				n.legs, n.Sizes = append(n.legs, l), append(n.Sizes, l.Size)
			}
			list = append(list, k)
		}
		return list
	}
	n.In, n.Out = number(m.In), number(m.Out)
	for _, c := range net {
		n.Cores = append(n.Cores, number(slices.DeleteFunc(slices.Clone(c.Legs), net.dangling)))
	}
	return n
}

// dangling reports whether a rank leg is in one core only.
func (net Network) dangling(l Leg) bool {
	cores := 0
	for _, c := range net {
		if slices.Contains(c.Legs, l) {
			cores++
		}
	}
	return l.Kind == Rank && cores == 1
}

// mulAdds are those of a step for a row, forward.
func (n numbered) mulAdds(s planner.Step) int { return counted(n.Volume(s.Before) * n.Volume(s.Free)) }

// merging are the multiply-adds of a step's merges.
func (n numbered) merging(s planner.Step) (total float64) {
	operands := make([][]int, len(s.Cores))
	for k, core := range s.Cores {
		operands[k] = n.Cores[core]
	}
	for _, m := range s.Merges {
		a, b := operands[m.A], operands[m.B]
		open := planner.Open(a, b)
		total += math.Sqrt(n.Volume(a) * n.Volume(b) * n.Volume(open)) // each leg is in two of the three
		operands = append(operands, open)
	}
	return total
}

// counted is a number of elements or multiply-adds as an int; 2^53 stands for all that are larger.
func counted(x float64) int { return int(min(x, 1<<53, math.MaxInt)) }

// MulAdds returns the multiply-adds of a row of x, forward, and those of
// merging the cores, which are spent once. Neither is more than 2^53.
func (p *Plan) MulAdds() (perRow, once int) {
	var steps, merges float64
	for _, t := range p.terms {
		for _, s := range t.Steps {
			steps += float64(t.network.mulAdds(s))
			merges += t.network.merging(s)
		}
	}
	return counted(steps), counted(math.Round(merges))
}

// GradientMulAdds returns the multiply-adds of a row of x that the gradients take:
// each step is repeated twice, once for its factor and once for the tensor it
// meets. The first tensor is x, which may need no gradient. A step that the next takes in
// blocks has its gradient with that one, as the gradient of their product. Gradients of
// merges, which are spent once, are left out.
func (p *Plan) GradientMulAdds(inputGradient bool) int {
	total := 0.0
	for _, t := range p.terms {
		n := t.network
		for k := 0; k < len(t.Steps); k++ {
			s := t.Steps[k]
			if s.Chained {
				k++
				own := slices.DeleteFunc(slices.Clone(s.Free), func(l int) bool { return slices.Contains(t.Steps[k].Shared, l) })
				total += n.Volume(s.Before) * n.Volume(own) * n.Volume(t.Steps[k].Free)
				if inputGradient {
					total += float64(n.mulAdds(s) + n.mulAdds(t.Steps[k]))
				}
				continue
			}
			total += float64(n.mulAdds(s))
			if k > 0 || inputGradient {
				total += float64(n.mulAdds(s))
			}
		}
	}
	return counted(total)
}

// String lists the steps with shapes, multiply-adds and elements a row.
func (p *Plan) String() string {
	var b strings.Builder
	for t, term := range p.terms {
		if len(p.terms) > 1 {
			fmt.Fprintf(&b, "term %d\n", t+1)
		}
		n := term.network
		for k, s := range term.Steps {
			fmt.Fprintf(&b, "%s  %s -> %s", term.factors[k], n.names(s.Before), n.names(s.After))
			if s.Moved != nil {
				fmt.Fprintf(&b, " (moved to %s)", n.names(s.Moved))
			}
			fmt.Fprintf(&b, "  %d multiply-adds, %d elements a row", n.mulAdds(s), counted(n.Volume(s.After)))
			if s.Chained {
				b.WriteString(", of which the next takes a block at a time")
			}
			b.WriteByte('\n')
		}
		if term.Reorder != nil {
			fmt.Fprintf(&b, "%s put into order\n", n.names(term.Reorder))
		}
	}
	return b.String()
}

// names writes legs as users read them: a1:8 a2:20.
func (n numbered) names(legs []int) string {
	s := make([]string, len(legs))
	for k, l := range legs {
		s[k] = fmt.Sprintf("%s:%d", n.legs[l].Name, n.Sizes[l])
	}
	return strings.Join(s, " ")
}
