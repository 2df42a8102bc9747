package decomp

import (
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
// large as the result is transposed only where there is no other way. The
// search ends sooner where it finds 50,000 tensors worth a look, as in networks so
// small that nearly all plans cost the same: the plan then costs at most twice the
// least, or four times, or is merely the first found. After 250,000 moves, as in
// networks with a core of many ranks, the search gives up: the plan is then the
// better one of what it found and of a search step by step, which looks at few
// moves. All limits are counts, so that no plan depends on a clock. Larger networks first merge the
// cores whose products are smallest, and matrices that share their searches (Share)
// look at less. Networks that differ in the names of their cores alone are planned
// once.
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
	p := m.planWith(opt, m.settings())
	m.plans[opt] = p
	return p
}

// planWith is Plan by a search with the given settings.
func (m *Matrix) planWith(opt PlanOptions, s settings) *Plan {
	plan := &Plan{Rows: opt.Rows, matrix: m}
	type planned struct {
		net  Network
		term Term
		cost float64
	}
	var different []planned // blocks are alike but for the names of their cores
	for _, net := range m.Terms {
		k := slices.IndexFunc(different, func(p planned) bool { return net.like(p.net) })
		if k < 0 {
			k = len(different)
			term, cost := m.planTerm(net, opt, s)
			different = append(different, planned{net, term, cost})
		}
		plan.Nanoseconds += different[k].cost
		plan.Terms = append(plan.Terms, different[k].term.of(net))
	}
	return plan
}

// like reports whether two networks are the same but for the names of their cores.
func (net Network) like(other Network) bool {
	return slices.EqualFunc(net, other, func(a, b Core) bool { return slices.Equal(a.Legs, b.Legs) })
}

// of returns the plan of a network like the one that it was made for.
func (t Term) of(net Network) Term {
	t.Factors = slices.Clone(t.Factors)
	for k, f := range t.Factors {
		names := make([]string, len(f.Cores))
		for j, core := range f.Cores {
			names[j] = net[core].Name
		}
		t.Factors[k].Name = strings.Join(names, "·")
	}
	return t
}

// planTerm returns the plan of one network, and its cost.
func (m *Matrix) planTerm(net Network, opt PlanOptions, s settings) (Term, float64) {
	p, trees := m.planner(net, opt, s)
	way, cost := p.cheapest()
	if way == nil {
		panic("decomp: no plan for " + m.Format)
	}
	return p.term(trees, way), cost
}

// planner returns the planner of one network, and what its cores are.
func (m *Matrix) planner(net Network, opt PlanOptions, s settings) (*planner, []*tree) {
	trees := make([]*tree, len(net))
	for k := range net {
		trees[k] = &tree{cores: []int{k}, legs: coreLegs(net, []int{k})[0]}
	}
	trees = coarsen(trees, s.cores)
	nodes := make([][]Leg, len(trees))
	for k, t := range trees {
		nodes[k] = t.legs
	}
	return newPlanner(m.In, m.Out, nodes, opt, s), trees
}

// MulAdds returns the multiply-adds of the product for one row of x, by the plan
// for the given number of rows, and those of merging cores with each other,
// which are spent once for all rows.
func (m *Matrix) MulAdds(rows int) (perRow, once int) {
	return m.Plan(PlanOptions{Rows: rows}).MulAdds()
}

// term describes the way that the search found; its factors have no names yet.
func (p *planner) term(trees []*tree, way []*arrival) Term {
	var term Term
	legsOf := func(layout string) []Leg {
		var legs []Leg
		for _, l := range []byte(layout) {
			legs = append(legs, p.legs[l])
		}
		return legs
	}
	for _, a := range way {
		v := a.via
		if v.cores == 0 {
			term.Reorder = legsOf(a.from.layout)
			continue
		}
		t := p.tree(v.cores, trees)
		f := Factor{Cores: t.cores, Merges: t.merges(), Shared: legsOf(v.shared), Free: legsOf(v.free)}
		s := Step{
			Before: legsOf(a.from.layout), Order: legsOf(v.order), After: legsOf(a.layout),
			Moved: v.moved, outer: v.outer, place: v.place, count: len(v.shared),
		}
		s.Elements = counted(volume(s.After))
		s.MulAdds = counted(volume(s.Before) * volume(f.Free))
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
