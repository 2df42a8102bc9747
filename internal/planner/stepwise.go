package planner

import (
	"math"
	"math/bits"
	"slices"
)

// stepWidth is how many states a search step by step keeps of those that have met
// equally many cores.
const stepWidth = 8

// stepwise finds a way by steps: of the states that have met equally many cores it
// keeps the few from which the end seems cheapest to reach, and looks at few of
// their moves. So it always ends, soon, and at the goal.
func (p *planner) stepwise(allowed func(met, set uint) bool) (way []*arrival, cost float64) {
	kept := make([][]*arrival, bits.OnesCount(p.all())+1)
	kept[0] = []*arrival{{state: state{0, p.in}}}
	for _, states := range kept[:len(kept)-1] {
		for _, at := range states {
			visit := func(met uint, layout []byte, cost float64, via move) bool {
				n := bits.OnesCount(met)
				kept[n] = p.keep(kept[n], at, met, layout, cost, via)
				return true
			}
			for _, set := range p.next[at.met] {
				if allowed == nil || allowed(at.met, uint(set)) {
					p.meet(at.state, uint(set), math.Inf(1), true, visit)
				}
			}
		}
	}
	var end *arrival
	for _, at := range kept[len(kept)-1] {
		if at.layout != p.out { // only the outputs' order is wrong
			at = &arrival{state: p.goal(), cost: at.cost + p.ending(at.layout), from: at, via: move{moved: true, order: p.out}}
		}
		if end == nil || at.cost < end.cost {
			end = at
		}
	}
	return end.way(nil)
}

// keep puts a state in its place among those kept, the cheapest first, if it is
// one of them.
func (p *planner) keep(kept []*arrival, at *arrival, met uint, layout []byte, cost float64, via move) []*arrival {
	cost += at.cost
	total := cost + p.left[met]
	if len(kept) == p.Width && total >= kept[p.Width-1].total {
		return kept
	}
	for k, other := range kept {
		if other.met == met && other.layout == string(layout) {
			if total >= other.total {
				return kept
			}
			kept = slices.Delete(kept, k, k+1)
			break
		}
	}
	to := &arrival{state: state{met, string(layout)}, cost: cost, total: total, from: at, via: via}
	k, _ := slices.BinarySearchFunc(kept, total, func(a *arrival, total float64) int {
		if a.total <= total {
			return -1 // of equals, the first found first
		}
		return 1
	})
	kept = slices.Insert(kept, k, to)
	return kept[:min(len(kept), p.Width)]
}
