package decomp

import (
	"container/heap"
	"math"
	"math/bits"
	"slices"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/safe"
)

// exactCores is the number of cores up to which every plan is looked at.
// Beyond, the cores whose product is smallest are taken for one until so few
// are left.
const exactCores = 13

// What moving elements costs beside the products, in nanoseconds: measured with
// this package's benchmarks.
const (
	moveCost  = 2       // an element transposed
	mergeCost = 4.0     // an element of an operand or result of a merge, which is reshaped and transposed
	maxFactor = 1 << 26 // elements of a factor of several cores
)

// planner looks for the cheapest plan of one network.
//
// It walks over the states of the tensor that begins as x: which cores it has
// met, and the order of its axes. A move to another state is a set of cores,
// merged as cheaply as they can be, with an order of the axes that it adds and a
// place for them. A search finds the cheapest way to the state that
// has met all cores and has the outputs in order; nothing but the estimated cost
// decides. Axes of size 1 have no place in any order.
type planner struct {
	opt   PlanOptions
	legs  []Leg
	nodes [][]int // of each core, the indexes of its legs
	ends  []uint  // of each leg, the cores it is in
	rank  []int   // of each output mode, its place among them
	input []bool  // the leg is an input mode

	outputs float64 // elements of a row of the result

	merged []float64 // cost of merging a set of cores
	split  []uint    // the first part of its last merge
	volume []float64
	joined []bool    // the set hangs together
	left   []float64 // the least cost of meeting the cores outside a set

	weigh func(cost float64) float64 // for tests: changes the cost of a move
}

// state is the tensor on its way: the cores it has met and its axes after the
// rows, as indexes of legs.
type state struct {
	met    uint
	layout string
}

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

func newPlanner(m *Matrix, nodes [][]Leg, opt PlanOptions) *planner {
	p := &planner{opt: opt, outputs: volume(m.Out)}
	index := map[Leg]int{}
	for k, legs := range nodes {
		p.nodes = append(p.nodes, nil)
		for _, l := range legs {
			if _, ok := index[l]; !ok {
				index[l] = len(p.legs)
				p.legs = append(p.legs, l)
				p.ends = append(p.ends, 0)
				p.rank = append(p.rank, slices.Index(m.Out, l))
				p.input = append(p.input, l.Kind == Input)
			}
			p.nodes[k] = append(p.nodes[k], index[l])
			p.ends[index[l]] |= 1 << k
		}
	}
	p.mergeSets()
	p.boundSets()
	return p
}

// open lists the legs that a set of cores has with the rest of the network.
func (p *planner) open(set uint) []int {
	var open []int
	for l, ends := range p.ends {
		if bits.OnesCount(ends&set) == 1 && p.legs[l].Size > 1 {
			open = append(open, l)
		}
	}
	return open
}

func (p *planner) size(legs []int) float64 {
	v := 1.0
	for _, l := range legs {
		v *= float64(p.legs[l].Size)
	}
	return v
}

// mergeSets finds the cheapest way to merge each set of cores, from the small
// sets to the large.
func (p *planner) mergeSets() {
	n := 1 << len(p.nodes)
	p.merged, p.split = make([]float64, n), make([]uint, n)
	p.volume, p.joined = make([]float64, n), make([]bool, n)
	for set := uint(1); set < uint(n); set++ {
		p.volume[set] = p.size(p.open(set))
		p.joined[set] = p.hangsTogether(set)
		if bits.OnesCount(set) == 1 {
			continue
		}
		p.merged[set] = math.Inf(1)
		if p.volume[set] > maxFactor && set != uint(n)-1 {
			continue
		}
		for a := (set - 1) & set; a > 0; a = (a - 1) & set {
			b := set &^ a
			if c := p.merged[a] + p.merged[b] + p.pair(a, b, set); c < p.merged[set] {
				p.merged[set], p.split[set] = c, a
			}
		}
	}
}

// pair is the cost of merging two sets, and of the gradients.
func (p *planner) pair(a, b, set uint) float64 {
	va, vb, v := p.volume[a], p.volume[b], p.volume[set]
	inner := math.Sqrt(va * vb / v)
	products := backend.Cost(backend.Products{Count: 1, Rows: whole(va / inner), Cols: whole(vb / inner), Inner: whole(inner)})
	c := products + mergeCost*(va+vb+v)
	if !p.opt.Inference {
		c *= 3
	}
	return c
}

func whole(x float64) int { return max(1, int(math.Round(min(x, 1<<40)))) }

// hangsTogether tells whether rank legs, those of size 1 too, join the cores of
// a set.
func (p *planner) hangsTogether(set uint) bool {
	reached := set & -set
	for {
		before := reached
		for _, ends := range p.ends {
			if ends&reached != 0 {
				reached |= ends & set
			}
		}
		if reached == before {
			return reached == set
		}
	}
}

// boundSets finds the least that it can cost to meet all cores that a tensor has
// not met yet, were all axes where they are wanted.
func (p *planner) boundSets() {
	all := uint(len(p.merged) - 1)
	size := make([]float64, len(p.merged)) // of the tensor's row
	for met := range size {
		size[met] = 1
		for l, ends := range p.ends {
			n := bits.OnesCount(ends & uint(met))
			if p.input[l] {
				n++
			}
			if n == 1 {
				size[met] *= float64(p.legs[l].Size)
			}
		}
	}
	p.left = make([]float64, len(p.merged))
	for met := int(all) - 1; met >= 0; met-- {
		p.left[met] = math.Inf(1)
		for set := range p.next(uint(met)) {
			to := uint(met) | set
			shared := math.Sqrt(size[met] * p.volume[set] / size[to])
			step := p.leastContraction(met == 0, whole(size[met]/shared), whole(shared), whole(p.volume[set]/shared))
			p.left[met] = min(p.left[met], p.merged[set]+step+p.left[to])
		}
	}
}

// leastContraction is the least that a step can cost: the fewer products, the
// better.
func (p *planner) leastContraction(ofX bool, rest, shared, free int) float64 {
	least := math.Inf(1)
	for _, at := range []place{inPlace, behind, inFront, replaced} {
		least = min(least, p.contraction(ofX, p.opt.Rows, rest, shared, free, at))
	}
	return least
}

// next lists the sets of cores that a tensor may meet: those that hang together
// and share a leg with it. Outer products are left for when there are none.
func (p *planner) next(met uint) func(yield func(set uint) bool) {
	return func(yield func(set uint) bool) {
		rest := uint(len(p.merged)-1) &^ met
		connected := false
		for _, loose := range []bool{false, true} {
			for set := rest; set > 0 && (!loose || !connected); set = (set - 1) & rest {
				if p.merged[set] < math.Inf(1) && (loose || p.joined[set] && p.touches(met, set)) {
					connected = connected || !loose
					if !yield(set) {
						return
					}
				}
			}
		}
	}
}

// touches tells whether the tensor that has met some cores shares a leg, one of
// size 1 perhaps, with a set of others.
func (p *planner) touches(met, set uint) bool {
	for l, ends := range p.ends {
		if ends&set != 0 && (p.input[l] || ends&met != 0) {
			return true
		}
	}
	return false
}

// maxStates is how many states a search finds before it is content with a plan
// that may cost some more than the best. Only networks so small that nearly all
// plans cost the same have that many worth a look.
const maxStates = 200_000

// search returns the cheapest way through the network, if it costs no more than
// a limit. allowed, if not nil, limits the sets of cores that the tensor meets next.
func (p *planner) search(m *Matrix, limit float64, allowed func(met, set uint) bool) ([]*arrival, float64) {
	for weight := 1.0; ; weight *= 2 {
		way, cost, done := p.searchFor(m, limit, weight, allowed)
		if done || weight > 1000 {
			return way, cost
		}
	}
}

// searchFor is search with the cost of what is left times a weight: the way it
// finds costs at most so many times the least. It is done when it found a way,
// or there is none.
func (p *planner) searchFor(m *Matrix, limit, weight float64, allowed func(met, set uint) bool) (way []*arrival, cost float64, done bool) {
	all := uint(1)<<len(p.nodes) - 1
	start := state{0, p.order(m.In)}
	goal := state{all, p.order(m.Out)}
	reached := map[state]*arrival{}
	known := map[state]float64{} // the least cost of the states in the queue
	var queue arrivals
	heap.Push(&queue, &arrival{state: start})
	for len(queue) > 0 {
		at := heap.Pop(&queue).(*arrival)
		if reached[at.state] != nil {
			continue
		}
		reached[at.state] = at
		if at.state == goal || len(known) > maxStates && weight < 1000 {
			break
		}
		visit := func(to state, cost float64, via move) {
			if p.weigh != nil {
				cost = p.weigh(cost)
			}
			cost += at.cost
			total := cost + weight*p.left[to.met]
			if p.weigh != nil {
				total = cost
			}
			if least, ok := known[to]; cost+p.left[to.met] <= limit && (!ok || cost < least) {
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
				p.moves(at.state, set, visit)
			}
		}
	}
	if reached[goal] == nil {
		return nil, math.Inf(1), len(queue) == 0
	}
	for s := goal; s != start; s = reached[s].from {
		way = append(way, reached[s])
	}
	slices.Reverse(way)
	return way, reached[goal].cost, true
}

// order writes the legs of size above 1 as a layout.
func (p *planner) order(legs []Leg) string {
	var s []byte
	for _, l := range legs {
		if l.Size > 1 {
			s = append(s, byte(slices.Index(p.legs, l)))
		}
	}
	return string(s)
}

// moving is the cost of putting the axes of a tensor into another order. One much
// larger than the result stays where it is if there is any other way.
func (p *planner) moving(layout string) float64 {
	size := p.layoutSize(layout)
	c := moveCost * size * float64(p.opt.Rows*p.opt.Uses)
	if size > 2*p.outputs {
		c *= 1000
	}
	if !p.opt.Inference {
		c *= 2
	}
	return c
}

func (p *planner) layoutSize(layout string) float64 {
	v := 1.0
	for _, l := range []byte(layout) {
		v *= float64(p.legs[l].Size)
	}
	return v
}

// moves visits what the tensor becomes by meeting a set of cores.
func (p *planner) moves(at state, set uint, visit func(to state, cost float64, via move)) {
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
	s, f := int(p.size(shared)), int(p.size(free))
	try := func(outer string, rest string, pl place, to func(added string) string) {
		c := base + p.contraction(at.met == 0 && !moved, p.opt.Rows*int(p.layoutSize(outer)), int(p.layoutSize(rest)), s, f, pl)
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

// contraction is the cost of a step's products, forward and of the gradients;
// x itself has none.
func (p *planner) contraction(ofX bool, outer, rest, shared, free int, at place) float64 {
	c := contraction(outer, rest, shared, free, at).Simplify()
	total := backend.Cost(c.Products())
	if !p.opt.Inference {
		dx, dm := c.Gradients()
		total += backend.Cost(dm)
		if !ofX || p.opt.Uses > 1 {
			total += backend.Cost(dx)
		}
	}
	return total * float64(p.opt.Uses)
}

func contraction(outer, rest, shared, free int, at place) safe.Contraction {
	return safe.Contraction{
		Outer: outer, Rest: rest, Shared: shared, Free: free,
		SharedLast: at == inFront || at == replaced, FreeLast: at == behind || at == replaced,
	}
}

// apart moves the shared legs of a layout to its end.
func (p *planner) apart(layout string, shared []int) string {
	var rest, end []byte
	for _, l := range []byte(layout) {
		if slices.Contains(shared, int(l)) {
			end = append(end, l)
		} else {
			rest = append(rest, l)
		}
	}
	return string(append(rest, end...))
}

// orders lists the orders of new axes: outputs keep theirs, ranks may stand
// anywhere. Of more than four ranks only the given order is tried.
func (p *planner) orders(free []int) []string {
	var ranks, outputs []byte
	for _, l := range free {
		if p.legs[l].Kind == Output {
			outputs = append(outputs, byte(l))
		} else {
			ranks = append(ranks, byte(l))
		}
	}
	slices.SortFunc(outputs, func(a, b byte) int { return p.rank[a] - p.rank[b] })
	orders := []string{string(outputs)}
	if len(ranks) > 4 {
		return []string{string(append(ranks, outputs...)), string(append(outputs, ranks...))}
	}
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

func indexByte(order string, of []int) int {
	return slices.IndexFunc([]byte(order), func(l byte) bool { return slices.Contains(of, int(l)) })
}

func indexLast(order string, of []int) int {
	for k := len(order) - 1; k >= 0; k-- {
		if slices.Contains(of, int(order[k])) {
			return k
		}
	}
	return -1
}

func bytesToInts(s string) []int {
	r := make([]int, len(s))
	for k, b := range []byte(s) {
		r[k] = int(b)
	}
	return r
}

// arrivals is a heap of states to visit, the cheapest first.
type arrivals []*arrival

func (q arrivals) Len() int           { return len(q) }
func (q arrivals) Less(i, j int) bool { return q[i].total < q[j].total }
func (q arrivals) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *arrivals) Push(x any)        { *q = append(*q, x.(*arrival)) }
func (q *arrivals) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
