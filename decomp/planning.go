package decomp

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// Plan returns the cheapest plan by the cost model of the backend that the
// program was built with: products at the rates measured for their shapes, and
// elements moved, with the gradients of the cores and of every tensor but x.
//
// For networks of up to 13 cores it is the best there is of all plans that merge
// cores in any way into factors, contract these in any order and put the new axes
// at any place, outputs of one factor in their order. A tensor more than twice as
// large as the result is transposed only where there is no other way. Where
// 50,000 tensors are found worth a look, as in networks so small that nearly all
// plans cost the same, the search ends sooner, with a plan of at most twice the
// least cost, or four times, or one that a search step by step has found. Larger
// networks first merge the cores whose products are smallest.
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
	p := m.plan(opt, nil, nil)
	m.plans[opt] = p
	return p
}

// plan is Plan with a limit on what a tensor may meet next and other costs, of
// which tests make use.
func (m *Matrix) plan(opt PlanOptions, allowed func(met, set uint) bool, weigh func(float64) float64) *Plan {
	plan := &Plan{Rows: opt.Rows, matrix: m}
	for _, net := range m.Terms {
		trees := make([]*tree, len(net))
		for k := range net {
			trees[k] = &tree{cores: []int{k}, legs: coreLegs(net, []int{k})[0]}
		}
		trees = coarsen(trees)
		nodes := make([][]Leg, len(trees))
		for k, t := range trees {
			nodes[k] = t.legs
		}
		search := newPlanner(m, nodes, opt)
		// The product mode by mode is soon found and bounds the search for more.
		limit := math.Inf(1)
		if search.weigh = weigh; weigh == nil && allowed == nil {
			_, limit = search.search(m, limit, func(_, set uint) bool { return bits.OnesCount(set) == 1 })
		}
		way, cost := search.search(m, limit*(1+1e-9), allowed) // sums round
		if way == nil {
			panic("decomp: no plan for " + m.Format)
		}
		plan.Nanoseconds += cost
		plan.Terms = append(plan.Terms, search.term(net, trees, way))
	}
	return plan
}

// MulAdds returns the multiply-adds of the product for one row of x, by the plan
// for the given number of rows, and those of merging cores with each other,
// which are spent once for all rows.
func (m *Matrix) MulAdds(rows int) (perRow, once int) {
	return m.Plan(PlanOptions{Rows: rows}).MulAdds()
}

// term describes the way that the search found.
func (p *planner) term(net Network, trees []*tree, way []*arrival) Term {
	var term Term
	legsOf := func(indexes []int) []Leg {
		var legs []Leg
		for _, l := range indexes {
			legs = append(legs, p.legs[l])
		}
		return legs
	}
	for _, a := range way {
		v := a.via
		if v.cores == 0 {
			term.Reorder = legsOf(bytesToInts(a.from.layout))
			continue
		}
		t := p.tree(v.cores, trees)
		f := Factor{Cores: t.cores, Merges: t.merges(), Shared: legsOf(v.shared), Free: legsOf(v.free)}
		var names []string
		for _, k := range t.cores {
			names = append(names, net[k].Name)
		}
		f.Name = strings.Join(names, "·")
		s := Step{
			Before: legsOf(bytesToInts(a.from.layout)), Order: legsOf(bytesToInts(v.order)), After: legsOf(bytesToInts(a.layout)),
			Moved: v.moved, outer: v.outer, place: v.place, count: len(v.shared),
		}
		s.Elements = whole(volume(s.After))
		s.MulAdds = whole(volume(s.Before) * volume(f.Free))
		term.Factors = append(term.Factors, f)
		term.Steps = append(term.Steps, s)
	}
	return term
}

// coreLegs returns the legs of some cores of a network, without rank legs that
// end in the core itself: those are summed before the cores meet others.
func coreLegs(net Network, cores []int) [][]Leg {
	legs := make([][]Leg, len(cores))
	for j, k := range cores {
		legs[j] = slices.DeleteFunc(slices.Clone(net[k].Legs), func(l Leg) bool { return dangling(net, l) })
	}
	return legs
}
