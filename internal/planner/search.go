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

// maxStates is how many states a search finds before it is content with a plan
// that may cost some more than the best, and maxMoves how many moves and sets of
// cores it looks at before it gives up: a single state of a network whose cores
// have many ranks has millions of moves.
const (
	maxStates = 50_000
	maxMoves  = 250_000
)

// cheapest returns the cheapest way through the network that is found with the
// settings. The product mode by mode is soon found and bounds the search for more.
func (p *planner) cheapest() (way []*arrival, cost float64) {
	if p.Weigh != nil || p.Allowed != nil {
		return p.complete(math.Inf(1), p.Allowed)
	}
	single, limit := p.complete(math.Inf(1), func(_, set uint) bool { return bits.OnesCount(set) == 1 })
	if way, cost = p.complete(limit*(1+1e-9), nil); way == nil { // sums round
		return single, limit
	}
	return way, cost
}

// complete is search and, where that gave up, the best of what it found and of a
// search step by step, which never does.
func (p *planner) complete(limit float64, allowed func(met, set uint) bool) (way []*arrival, cost float64) {
	way, cost, exhausted := p.search(limit, allowed)
	if exhausted {
		if other, less := p.stepwise(allowed); less < cost && less <= limit {
			return other, less
		}
	}
	return way, cost
}

// weights are what the cost of what is left is multiplied with in one search after
// the other; with the last nothing else counts, which soon leads to the end.
var weights = []float64{1, 2, 4, math.Inf(1)}

// search returns the cheapest way through the network, if it costs no more than
// a limit. allowed, if not nil, limits the sets of cores that the tensor meets
// next. It is exhausted where it gave up; the way is then the best found, if any.
func (p *planner) search(limit float64, allowed func(met, set uint) bool) (way []*arrival, cost float64, exhausted bool) {
	cost = math.Inf(1)
	for _, weight := range weights {
		s := &search{planner: p, limit: limit, weight: weight, allowed: allowed, reached: map[state]*arrival{}, known: map[state]float64{}}
		end, complete := s.run()
		if complete || end != nil && end.cost < cost {
			way, cost = end.way(s.reached)
		}
		if complete {
			return way, cost, false
		}
		if len(s.reached) == 1 {
			break // the start alone has too many moves, whatever the weight
		}
	}
	return way, cost, true
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
		return visit(at.met, []byte(s.out), s.ending(at.layout), move{moved: true, order: s.out})
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
