package planner

import (
	"math"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// What moving elements costs beside the products, in nanoseconds: estimates, not
// fitted like those of backend.Model.
const (
	moveCost  = 2       // an element transposed
	mergeCost = 4.0     // an element of an operand or result of a merge, which is reshaped and transposed
	maxFactor = 1 << 26 // elements of a factor of several cores
	loads     = 1 << 10 // products for inference that follow one merge, at least
)

// pair is the cost of merging two sets, and of the gradients; for inference that
// is done once and for all.
func (p *planner) pair(a, b, set uint) float64 {
	va, vb, v := p.volume[a], p.volume[b], p.volume[set]
	inner := math.Sqrt(va * vb / v)
	products := p.Costs.Cost(backend.Products{Count: 1, Rows: whole(va / inner), Cols: whole(vb / inner), Inner: whole(inner)})
	c := products + mergeCost*(va+vb+v)
	if p.opt.Inference {
		return c / loads
	}
	return 3 * c
}

// whole returns a size as an int, which does not hold every one where it has 32
// bits: then the largest.
func whole(x float64) int { return max(1, int(math.Round(min(x, 1<<40, math.MaxInt)))) }

// leastContraction is the least that a step can cost, wherever its axes stand.
func (p *planner) leastContraction(ofX bool, rest, shared, free float64) float64 {
	rest *= float64(p.opt.Rows)
	total := p.Costs.LeastCost(rest*free, shared)
	if !p.opt.Inference {
		total += p.Costs.LeastCost(shared*free, rest)
		if p.differentiates(ofX) {
			total += p.Costs.LeastCost(rest*shared, free)
		}
	}
	return total * float64(p.opt.Uses)
}

// differentiates reports whether a step needs the gradient of its tensor: x itself
// has none unless a recurrence or a layer below makes it.
func (p *planner) differentiates(ofX bool) bool { return !ofX || p.opt.Uses > 1 || p.opt.InputGradient }

// moving is the cost of putting the axes of a tensor into another order. One much
// larger than the result stays where it is if there is any other way.
func (p *planner) moving(layout string) float64 {
	size := p.size(layout)
	c := moveCost * size * float64(p.opt.Rows) * float64(p.opt.Uses)
	if size > 2*p.outputs {
		c *= 1000
	}
	if !p.opt.Inference {
		c *= 2
	}
	return c
}

// contraction is the cost of a step's products, forward and of the gradients, of
// x (outer, shared, rest) or (outer, rest, shared) with (shared, free). What no int
// counts, 32 bits where they are that small, nobody computes: a multiply-add is then a
// nanosecond.
func (p *planner) contraction(ofX bool, outer, rest, shared, free float64, at place) float64 {
	if max(outer*rest*max(shared, free), shared*free) > math.MaxInt/2 {
		return 3 * outer * rest * shared * free * float64(p.opt.Uses)
	}
	o, r, s, f := int(outer), int(rest), int(shared), int(free)
	sharedLast, freeLast := at == inFront || at == replaced || r == 1, at == behind || at == replaced || r == 1
	if sharedLast && freeLast { // the small products lie in a row
		o, r = 1, o*r
	}
	total := p.Costs.Cost(products(o, r, f, s, !sharedLast, false, freeLast))
	if !p.opt.Inference {
		total += p.Costs.Cost(backend.Products{Count: o, Rows: s, Cols: f, Inner: r, TransA: sharedLast, TransB: !freeLast})
		if p.differentiates(ofX) {
			total += p.Costs.Cost(products(o, r, s, f, !freeLast, true, sharedLast))
		}
	}
	return total * float64(p.opt.Uses)
}

// products are those whose results are (rows, cols), or the transpose.
func products(count, rows, cols, inner int, transA, transB, plain bool) backend.Products {
	if !plain {
		rows, cols, transA, transB = cols, rows, !transB, !transA
	}
	return backend.Products{Count: count, Rows: rows, Cols: cols, Inner: inner, TransA: transA, TransB: transB}
}
