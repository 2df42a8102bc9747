package decomp

import (
	"container/heap"
	"math"
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
	from  state
	via   move
}

// move is what leads from one state to another.
type move struct {
	cores  uint
	shared []int // in the order of the tensor's axes
	free   []int
	moved  bool
	order  string // the tensor's axes when the products start
	outer  int
	place  place
}

// maxStates is how many states a search finds before it is content with a plan
// that may cost some more than the best. Only networks so small that nearly all
// plans cost the same have that many worth a look, and those with a core of very
// many ranks.
const maxStates = 50_000

// weights are what the cost of what is left is multiplied with in one search after
// the other; with the last nothing else counts, which soon leads to the end.
var weights = []float64{1, 2, 4, math.Inf(1)}

// search returns the cheapest way through the network, if it costs no more than
// a limit. allowed, if not nil, limits the sets of cores that the tensor meets next.
func (p *planner) search(m *Matrix, limit float64, allowed func(met, set uint) bool) ([]*arrival, float64) {
	for _, weight := range weights {
		if way, cost, done := p.searchFor(m, limit, weight, allowed); done {
			return way, cost
		}
	}
	panic("decomp: unreachable") // the last is always done
}

// searchFor is search with the cost of what is left times a weight: the way it
// finds costs at most so many times the least. A state is looked at again when a
// cheaper way to it turns up, as with a weight it may: what lies beyond could
// otherwise seem to cost more than the limit. It is done when it found a way, or
// there is none.
func (p *planner) searchFor(m *Matrix, limit, weight float64, allowed func(met, set uint) bool) (way []*arrival, cost float64, done bool) {
	all := uint(1)<<len(p.nodes) - 1
	start := state{0, p.order(m.In)}
	goal := state{all, p.order(m.Out)}
	reached := map[state]*arrival{}
	known := map[state]float64{start: 0} // the least cost of the states found
	var queue arrivals
	heap.Push(&queue, &arrival{state: start})
	for len(queue) > 0 {
		at := heap.Pop(&queue).(*arrival)
		if at.cost > known[at.state] {
			continue // reached more cheaply since
		}
		reached[at.state] = at
		if at.state == goal {
			break
		}
		if len(known) > p.states && !math.IsInf(weight, 1) {
			return nil, math.Inf(1), false
		}
		visit := func(to state, cost float64, via move) {
			if p.weigh != nil {
				cost = p.weigh(cost)
			}
			cost += at.cost
			total := p.left[to.met]
			if !math.IsInf(weight, 1) {
				total = cost + weight*total
			}
			if p.weigh != nil {
				total = cost
			}
			if cost+p.left[to.met] > limit {
				return
			}
			if least, ok := known[to]; !ok || cost < least {
				known[to] = cost
				heap.Push(&queue, &arrival{to, cost, total, at.state, via})
			}
		}
		if at.met == all { // only the outputs' order is wrong
			visit(goal, p.moving(at.layout), move{moved: true, order: goal.layout})
			continue
		}
		for set := range p.next(at.met) {
			if allowed == nil || allowed(at.met, set) {
				p.moves(at.state, set, limit-at.cost-p.left[at.met|set], visit)
			}
		}
	}
	if reached[goal] == nil {
		return nil, math.Inf(1), true
	}
	for s := goal; s != start; s = reached[s].from {
		way = append(way, reached[s])
	}
	slices.Reverse(way)
	return way, reached[goal].cost, true
}

// moves visits what the tensor becomes by meeting a set of cores for no more than
// most; its visitor has the last word on that.
func (p *planner) moves(at state, set uint, most float64, visit func(to state, cost float64, via move)) {
	var shared, free []int
	for _, l := range []byte(at.layout) {
		if p.ends[l]&set != 0 {
			shared = append(shared, int(l))
		}
	}
	for _, l := range p.open(set) {
		if !slices.Contains(shared, l) {
			free = append(free, l)
		}
	}
	base := p.merged[set]
	order, moved := at.layout, false
	first := indexByte(order, shared)
	if len(shared) == 0 {
		first = len(order)
	} else if indexLast(order, shared)-first+1 != len(shared) {
		// Not neighbours: all others first.
		order, moved, first = p.apart(order, shared), true, len(order)-len(shared)
		base += p.moving(at.layout)
	}
	met := at.met | set
	outer, inner := order[:first], order[first+len(shared):]
	s, f := whole(p.size(shared)), whole(p.size(free))
	try := func(outer string, rest string, pl place, to func(added string) string) {
		c := base + p.contraction(at.met == 0 && !moved, whole(float64(p.opt.Rows)*p.layoutSize(outer)), whole(p.layoutSize(rest)), s, f, pl)
		if c > most && p.weigh == nil {
			return
		}
		for _, added := range p.orders(free) {
			visit(state{met, to(added)}, c, move{set, shared, bytesToInts(added), moved, order, len(outer), pl})
		}
	}
	if inner == "" {
		try("", outer, replaced, func(added string) string { return outer + added })
		if len(free) > 0 {
			for k := range len(outer) {
				try(outer[:k], outer[k:], inFront, func(added string) string { return outer[:k] + added + outer[k:] })
			}
		}
		return
	}
	try(outer, inner, inPlace, func(added string) string { return outer + added + inner })
	if len(free) > 0 {
		try(outer, inner, behind, func(added string) string { return outer + inner + added })
	}
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
