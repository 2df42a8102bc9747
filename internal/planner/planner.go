package planner

import (
	"math"
	"math/bits"
	"slices"
)

// planner looks for the cheapest plan of one network. README.md says how.
type planner struct {
	network Network
	opt     Options
	trees   []*tree // what the search takes for cores
	legs    []int   // those of the network, by their first node; a layout holds indexes of this list
	ends    []uint  // of each leg, the cores it is in
	rank    []int   // of each output mode, its place among them
	input   []bool  // the leg is an input mode
	in, out string  // the layouts of x and of the result
	outputs float64 // elements of a row of the result

	// Of each set of cores:
	open   []string   // the legs that it has with the rest of the network
	volume []float64  // their elements
	joined []bool     // it hangs together
	beside []uint     // the cores that its legs are in
	reads  []bool     // it has an input mode
	row    []float64  // elements of a row of a tensor that has met it
	merged []float64  // cost of merging it
	split  []uint     // the first part of its last merge
	next   [][]uint16 // the sets that a tensor that has met it may meet
	left   []float64  // the least cost of meeting the cores outside

	layout []byte // of meet
	tried  int    // moves, by all searches
	Settings
}

func newPlanner(n Network, opt Options, s Settings) *planner {
	p := &planner{network: n, opt: opt, trees: n.coarsen(s.Cores), outputs: n.Volume(n.Out), Settings: s}
	for k, t := range p.trees {
		for _, l := range t.legs {
			at := slices.Index(p.legs, l)
			if at < 0 {
				at = len(p.legs)
				p.legs = append(p.legs, l)
				p.ends = append(p.ends, 0)
				p.rank = append(p.rank, slices.Index(n.Out, l))
				p.input = append(p.input, slices.Contains(n.In, l))
			}
			p.ends[at] |= 1 << k
		}
	}
	p.in, p.out = p.order(n.In), p.order(n.Out)
	p.describeSets(1 << len(p.trees))
	p.mergeSets()
	p.boundSets()
	return p
}

// sizeOf is the size of a layout's leg.
func (p *planner) sizeOf(l byte) int { return p.network.Sizes[p.legs[l]] }

// all is the set of all cores.
func (p *planner) all() uint { return uint(len(p.merged) - 1) }

// goal is the state that all ways lead to.
func (p *planner) goal() state { return state{p.all(), p.out} }

// describeSets finds the legs of n sets of cores.
func (p *planner) describeSets(n int) {
	p.open, p.volume, p.joined = make([]string, n), make([]float64, n), make([]bool, n)
	p.beside, p.reads, p.row = make([]uint, n), make([]bool, n), make([]float64, n)
	for set := range uint(n) {
		var open []byte
		p.row[set] = 1
		for l, ends := range p.ends {
			within, size := bits.OnesCount(ends&set), p.sizeOf(byte(l))
			if within == 0 && p.input[l] || within == 1 && !p.input[l] {
				p.row[set] *= float64(size)
			}
			if within == 1 && size > 1 {
				open = append(open, byte(l))
			}
			if within > 0 {
				p.beside[set] |= ends
				p.reads[set] = p.reads[set] || p.input[l]
			}
		}
		p.open[set] = string(open)
		p.volume[set] = p.size(p.open[set])
		// It hangs together if it does without some core that has a leg, of size 1 too, in
		// the rest.
		for cores := set; cores > 0 && !p.joined[set]; cores &= cores - 1 {
			one := cores & -cores
			p.joined[set] = set == one || p.joined[set&^one] && p.beside[one]&set&^one != 0
		}
	}
}

// mergeSets finds the cheapest way to merge each set of cores, from the small sets to the large.
func (p *planner) mergeSets() {
	n := len(p.open)
	p.merged, p.split = make([]float64, n), make([]uint, n)
	for set := uint(1); set < uint(n); set++ {
		if bits.OnesCount(set) == 1 {
			continue
		}
		p.merged[set] = math.Inf(1)
		if p.volume[set] > maxFactor && set != p.all() {
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

// boundSets finds the least that it can cost to meet all cores that a tensor has
// not met yet, were all axes where they are wanted.
func (p *planner) boundSets() {
	p.left, p.next = make([]float64, len(p.merged)), make([][]uint16, len(p.merged))
	for met := int(p.all()) - 1; met >= 0; met-- {
		p.left[met] = math.Inf(1)
		p.next[met] = p.following(uint(met))
		for _, next := range p.next[met] {
			set := uint(next)
			to := uint(met) | set
			shared := math.Sqrt(p.row[met] * p.volume[set] / p.row[to])
			step := p.leastContraction(met == 0, p.row[met]/shared, shared, p.volume[set]/shared)
			p.left[met] = min(p.left[met], p.merged[set]+step+p.left[to])
		}
	}
}

// following lists the sets of cores that a tensor may meet: those that hang
// together and share a leg with it, one of size 1 perhaps. Outer products are left
// for when there are none.
func (p *planner) following(met uint) (sets []uint16) {
	rest := p.all() &^ met
	list := func(allowed func(set uint) bool) {
		for set := rest; set > 0; set = (set - 1) & rest {
			if p.merged[set] < math.Inf(1) && allowed(set) {
				sets = append(sets, uint16(set))
			}
		}
	}
	list(func(set uint) bool { return p.joined[set] && (p.reads[set] || p.beside[set]&met != 0) })
	if sets == nil {
		list(func(uint) bool { return true })
	}
	return sets
}
