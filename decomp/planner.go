package decomp

import (
	"math"
	"math/bits"
	"slices"

	"github.com/tensorzoo/tensorzoo/internal/backend"
)

// exactCores is the number of cores up to which every plan is looked at.
// Beyond, the cores whose product is smallest are taken for one until so few
// are left.
const exactCores = 13

// planner looks for the cheapest plan of one network.
//
// It walks over the states of the tensor that begins as x: which cores it has
// met, and the order of its axes. A move to another state is a set of cores,
// merged as cheaply as they can be, with an order of the axes that it adds and a
// place for them. The search finds the cheapest way to the state that has met all
// cores and has the outputs in order. It goes towards that state (A*): what is
// left costs at least left, the merges and products still needed if all axes were
// where they are wanted. The nodes of the graph cost time as well, but every plan
// has one contraction a core. Axes of size 1 have no place in any order.
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

	settings
}

// settings are what a search goes by beside its network and the options of its
// plan. Tests have others.
type settings struct {
	costs   backend.Model
	states  int                        // maxStates
	allowed func(met, set uint) bool   // nil, or which sets of cores the tensor may meet next
	weigh   func(cost float64) float64 // nil, or what changes the cost of a move
}

func standard() settings { return settings{costs: backend.Here(), states: maxStates} }

func newPlanner(m *Matrix, nodes [][]Leg, opt PlanOptions, s settings) *planner {
	p := &planner{opt: opt, outputs: volume(m.Out), settings: s}
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
			step := p.leastContraction(met == 0, size[met]/shared, shared, p.volume[set]/shared)
			p.left[met] = min(p.left[met], p.merged[set]+step+p.left[to])
		}
	}
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
