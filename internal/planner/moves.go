package planner

import (
	"math"
	"slices"
	"strings"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// move is what leads from one state to another.
type move struct {
	cores        uint
	shared, free string // the axes that are summed over, in the tensor's order, and the new ones
	moved        bool
	order        string // the tensor's axes when the products start
	first        uint   // of a chain: the cores that x meets first; then shared and free are those of cores alone
	between      string // and what x is between the two
}

// place says where in a tensor the shared axes stand and where the new ones go.
type place int

const (
	inPlace  place = iota // (outer, shared, rest) -> (outer, free, rest)
	behind                // (outer, shared, rest) -> (outer, rest, free)
	inFront               // (outer, rest, shared) -> (outer, free, rest)
	replaced              // (rest, shared) -> (rest, free)
)

// visitor is told what a move makes of a tensor; it keeps the layout only as a
// copy. It returns false when it wants no more.
type visitor func(met uint, layout []byte, cost float64, via move) bool

// meet visits what the tensor becomes by meeting a set of cores for no more than
// most; its visitor has the last word on that. Few moves put new axes in place of
// those they share, or before or behind all others. It returns false when the
// visitor wanted no more.
func (p *planner) meet(at state, set uint, most float64, few bool, visit visitor) bool {
	rest, shared := p.cut(at.layout, set)
	free, base := p.added(at.met, set), p.merged[set]
	order, moved := at.layout, false
	first := strings.Index(order, shared)
	if shared == "" {
		first = len(order)
	} else if first < 0 { // not neighbours: all others first
		order, moved, first = rest+shared, true, len(rest)
		base += p.moving(at.layout)
	}
	var orders []string
	s, f := p.size(shared), p.size(free)
	outer, inner := order[:first], order[first+len(shared):]
	// try puts the new axes into others, the axes that stay, before the k-th.
	try := func(outer, rest, others string, k int, pl place) bool {
		c := base + p.contraction(at.met == 0 && !moved, float64(p.opt.Rows)*p.size(outer), p.size(rest), s, f, pl)
		if c > most && p.Weigh == nil {
			return true
		}
		if orders == nil {
			orders = p.orders(free, few)
		}
		for _, added := range orders {
			p.tried++
			p.layout = append(append(append(p.layout[:0], others[:k]...), added...), others[k:]...)
			if !visit(at.met|set, p.layout, p.weigh(c), move{cores: set, shared: shared, free: added, moved: moved, order: order}) {
				return false
			}
		}
		return true
	}
	if inner != "" {
		others := outer + inner
		return try(outer, inner, others, len(outer), inPlace) && (free == "" || try(outer, inner, others, len(others), behind))
	}
	if !try("", outer, outer, len(outer), replaced) {
		return false
	}
	front := len(outer) // the places before the axes that stay
	if few {
		front = min(front, 1)
	}
	if free == "" {
		front = 0
	}
	for k := range front {
		if !try(outer[:k], outer[k:], outer, k, inFront) {
			return false
		}
	}
	return true
}

// chain visits what x becomes by meeting two sets of cores in one node, ops.Chain. Its
// gradients are those of their product, so that only the forward pass does less. It does
// not pay for an x with a gradient. chain returns false when the visitor wanted no more.
func (p *planner) chain(first, set uint, visit visitor) bool {
	both := first | set
	outer, block := p.cut(p.in, both)
	if !p.reads[first] || !p.reads[set] || outer+block != p.in || p.differentiates(true) || p.volume[both] > maxFactor {
		return true
	}
	stays, shared := p.cut(block, first)
	free := p.added(0, first)
	own, ranks := p.cut(free, set)
	rest := p.added(first, set)
	rows, q, s, f, r, e := float64(p.opt.Rows)*p.size(outer), p.size(stays), p.size(shared), p.size(own), p.size(ranks), p.size(rest)
	if ranks == "" || max(rows*q*max(s, f*r), rows*f*max(e, q*r)) > math.MaxInt/2 {
		return true
	}
	product := func(rows, inner, cols float64, transA bool) float64 {
		return p.Costs.Cost(backend.Products{Count: 1, Rows: int(rows), Inner: int(inner), Cols: int(cols), TransA: transA})
	}
	cost := p.merged[first] + p.merged[set] + product(rows*q, s, f*r, false) + product(rows*f, q*r, e, false) +
		p.Costs.InCache()*(rows*q*f*r+4*(p.volume[first]+p.volume[set])) // in another order
	if !p.opt.Inference {
		cost += product(s*q, rows, f*e, true) + p.pair(first, set, both)*2/3
	}
	between := outer + stays + free
	_, meets := p.cut(between, set)
	for _, added := range p.orders(p.added(0, both), false) {
		p.tried++
		c := cost
		if added != own+rest {
			c += p.Costs.InCache() * rows * f * e
		}
		p.layout = append(append(p.layout[:0], outer...), added...)
		if !visit(both, p.layout, p.weigh(c), move{cores: set, shared: meets, free: rest, first: first, between: between}) {
			return false
		}
	}
	return true
}

// weigh is the cost of a move, or what Weigh makes of it.
func (p *planner) weigh(cost float64) float64 {
	if p.Weigh != nil {
		return p.Weigh(cost)
	}
	return cost
}

// added returns the axes that a set of cores adds to a tensor.
func (p *planner) added(met, set uint) string {
	var free []byte
	for _, l := range []byte(p.open[set]) {
		if !p.input[l] && p.ends[l]&met == 0 {
			free = append(free, l)
		}
	}
	return string(free)
}

// A layout is axes in order, as indexes of legs: at most 256.

// order writes the legs of size above 1 as a layout.
func (p *planner) order(legs []int) string {
	var s []byte
	for _, l := range legs {
		if p.network.Sizes[l] > 1 {
			s = append(s, byte(slices.Index(p.legs, l)))
		}
	}
	return string(s)
}

// size is the number of elements of a tensor with a layout.
func (p *planner) size(layout string) float64 {
	v := 1.0
	for _, l := range []byte(layout) {
		v *= float64(p.sizeOf(l))
	}
	return v
}

// cut divides a layout into the legs that a set of cores has not, and those that it has.
func (p *planner) cut(layout string, set uint) (rest, shared string) {
	var parts [2][]byte
	for _, l := range []byte(layout) {
		k := min(1, p.ends[l]&set)
		parts[k] = append(parts[k], l)
	}
	return string(parts[0]), string(parts[1])
}

// orders lists the orders of new axes: outputs keep theirs, ranks may stand
// anywhere. Of more than four ranks only the given order is tried, before the
// outputs and behind them; few are the same of any number of ranks, and so are
// those of which there would be more than a search looks at.
func (p *planner) orders(free string, few bool) []string {
	var ranks, outputs []byte
	for _, l := range []byte(free) {
		if p.rank[l] >= 0 {
			outputs = append(outputs, l)
		} else {
			ranks = append(ranks, l)
		}
	}
	slices.SortFunc(outputs, func(a, b byte) int { return p.rank[a] - p.rank[b] })
	if len(ranks) == 0 {
		return []string{string(outputs)}
	}
	number := 1
	for k := range min(len(ranks), 5) {
		number *= len(outputs) + 1 + k
	}
	if few || len(ranks) > 4 || number > p.Moves {
		return []string{string(slices.Concat(ranks, outputs)), string(slices.Concat(outputs, ranks))}
	}
	orders := []string{string(outputs)}
	for _, r := range ranks {
		var more []string
		for _, o := range orders {
			for k := range len(o) + 1 {
				more = append(more, o[:k]+string([]byte{r})+o[k:])
			}
		}
		orders = more
	}
	return orders
}
