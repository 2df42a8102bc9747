package planner

import (
	"container/heap"
	"math"
	"math/bits"
	"slices"
)

// state is the tensor on its way: the cores it has met and its axes after the
// rows, as indexes of legs.
type state struct {
	met    uint
	layout string
}

// arrival is a state, and the way by which it was reached.
type arrival struct {
	state
	cost  float64 // so far
	total float64 // at least, to the end
	from  *arrival
	via   move
}

// cheapest returns the cheapest way through the network that is found with the
// settings. The product mode by mode is soon found and bounds the search for more.
func (p *planner) cheapest() (way []*arrival, cost float64) {
	if p.Weigh != nil || p.Allowed != nil {
		return p.search(math.Inf(1), p.Allowed)
	}
	single, limit := p.search(math.Inf(1), func(_, set uint) bool { return bits.OnesCount(set) == 1 })
	if way, cost = p.search(limit*(1+1e-9), nil); way == nil { // sums round
		return single, limit
	}
	return way, cost
}

// weights are what the cost of what is left is multiplied with in one search after
// the other; with the last nothing else counts, which soon leads to the end.
var weights = []float64{1, 2, 4, math.Inf(1)}

// search returns the cheapest way through the network, if it costs no more than
// a limit. allowed, if not nil, limits the sets of cores that the tensor meets
// next. Where it gave up, the way is the best of what it found, if any, and of a
// search step by step, which never does.
func (p *planner) search(limit float64, allowed func(met, set uint) bool) (way []*arrival, cost float64) {
	cost = math.Inf(1)
	for _, weight := range weights {
		s := &search{planner: p, limit: limit, weight: weight, allowed: allowed, reached: map[state]*arrival{}, known: map[state]float64{}}
		end, complete := s.run()
		if complete || end != nil && end.cost < cost {
			way, cost = end.way(s.reached)
		}
		if complete {
			return way, cost
		}
		if len(s.reached) == 1 {
			break // the start alone has too many moves, whatever the weight
		}
	}
	if other, less := p.stepwise(allowed); less < cost && less <= limit {
		return other, less
	}
	return way, cost
}

// search is one, with the cost of what is left times a weight: the way it finds
// costs at most so many times the least.
type search struct {
	*planner
	limit, weight float64
	allowed       func(met, set uint) bool

	reached map[state]*arrival
	known   map[state]float64 // the least cost of the states found
	queue   arrivals
	end     *arrival // the cheapest known, queued
	looked  int      // at moves and sets
}

// run returns the end of the way, nil if there is none. A state is looked at again
// when a cheaper way to it turns up, as with a weight it may: what lies beyond
// could otherwise seem to cost more than the limit. The search is complete when it
// found a way or there is none, and not when it gave up.
func (s *search) run() (end *arrival, complete bool) {
	start := state{0, s.in}
	s.known[start] = 0
	heap.Push(&s.queue, &arrival{state: start})
	for len(s.queue) > 0 {
		at := heap.Pop(&s.queue).(*arrival)
		if at.cost > s.known[at.state] {
			continue // reached more cheaply since
		}
		s.reached[at.state] = at
		if at.state == s.goal() {
			return at, true
		}
		if len(s.known) > s.States && !math.IsInf(s.weight, 1) || !s.expand(at) {
			return s.end, false
		}
	}
	return nil, true
}

// expand queues what a state leads to. It returns false when it gave up.
func (s *search) expand(at *arrival) bool {
	visit := func(met uint, layout []byte, cost float64, via move) bool {
		s.looked++
		s.visit(at, met, layout, cost, via)
		return s.looked <= s.Moves
	}
	if at.met == s.all() { // only the outputs' order is wrong
		return visit(at.met, []byte(s.out), s.weigh(s.moving(at.layout)), move{moved: true, order: s.out})
	}
	for _, next := range s.next[at.met] {
		set := uint(next)
		if s.looked++; s.looked > s.Moves {
			return false
		}
		if s.allowed != nil && !s.allowed(at.met, set) {
			continue
		}
		if !s.meet(at.state, set, s.limit-at.cost-s.left[at.met|set], false, visit) {
			return false
		}
		if at.met != 0 {
			continue
		}
		for _, next := range s.next[set] {
			if s.allowed != nil && !s.allowed(set, uint(next)) {
				continue
			}
			if !s.chain(set, uint(next), visit) {
				return false
			}
		}
	}
	return true
}

// visit queues a state for the cost of a move from another, unless a way to it is
// known that costs no more, or what is left would make it cost more than the limit.
func (s *search) visit(at *arrival, met uint, layout []byte, cost float64, via move) {
	cost += at.cost
	left := s.left[met]
	if cost+left > s.limit {
		return
	}
	if least, ok := s.known[state{met, string(layout)}]; ok && cost >= least {
		return
	}
	to := &arrival{state: state{met, string(layout)}, cost: cost, total: left, from: at, via: via}
	if s.Weigh != nil {
		to.total = cost
	} else if !math.IsInf(s.weight, 1) {
		to.total = cost + s.weight*left
	}
	s.known[to.state] = cost
	heap.Push(&s.queue, to)
	if to.state == s.goal() {
		s.end = to // cheaper than the one before
	}
}

// way lists what leads to an arrival, and the cost. A state on it that was reached
// again is the cheaper one.
func (a *arrival) way(reached map[state]*arrival) (way []*arrival, cost float64) {
	if a == nil {
		return nil, math.Inf(1)
	}
	cost = a.cost
	for a.from != nil {
		way = append(way, a)
		if again := reached[a.from.state]; again != nil {
			a = again
		} else {
			a = a.from
		}
	}
	slices.Reverse(way)
	return way, cost
}

// arrivals is a heap of states to visit, the cheapest first.
type arrivals []*arrival

func (q arrivals) Len() int { return len(q) }
func (q arrivals) Less(i, j int) bool {
	return q[i].total < q[j].total || q[i].total == q[j].total && q[i].cost < q[j].cost
}
func (q arrivals) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *arrivals) Push(x any)   { *q = append(*q, x.(*arrival)) }
func (q *arrivals) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// stepwise finds a way by steps, with the few states from which the end seems cheapest to
// reach. It always ends, soon, and at the goal.
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
			at = &arrival{state: p.goal(), cost: at.cost + p.weigh(p.moving(at.layout)), from: at, via: move{moved: true, order: p.out}}
		}
		if end == nil || at.cost < end.cost {
			end = at
		}
	}
	return end.way(nil)
}

// keep puts a state in its place among those kept, the cheapest first, if it is one of them.
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
	k := slices.IndexFunc(kept, func(a *arrival) bool { return a.total > total }) // of equals, the first found first
	if k < 0 {
		k = len(kept)
	}
	kept = slices.Insert(kept, k, to)
	return kept[:min(len(kept), p.Width)]
}
