package decomp

import (
	"math"
	"slices"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Kind says what an axis of a core stands for.
type Kind int

const (
	Input  Kind = iota // an input mode, one index of W's row number
	Output             // an output mode, one index of W's column number
	Rank               // summed over, between two cores or within one
)

// Leg is a named axis. Two cores of a network that both have it are contracted over it.
type Leg struct {
	Kind Kind
	Name string
	Size int
}

// Core is one small tensor of a network; its shape is its legs' sizes. Cores of
// a matrix that have the same name are one and the same learnable tensor.
type Core struct {
	Name string
	Legs []Leg
}

// Shape returns the sizes of the core's legs.
func (c Core) Shape() []int { return Sizes(c.Legs) }

// Params returns the number of elements. Where an int of 32 bits does not hold it,
// that is the largest int.
func (c Core) Params() int { return int(min(volume(c.Legs), math.MaxInt)) }

// Network is a product of cores: for fixed input and output indices, the sum
// over all rank legs of the product of one element of each core.
type Network []Core

// Matrix is a matrix W (N, M) written as a sum of tensor networks.
type Matrix struct {
	Format  string    // for messages, e.g. "HT"
	In, Out []Leg     // the modes, in row-major order
	Terms   []Network // W is their sum

	// Of a block that Restrict cut: the cores in their whole shapes, and where in
	// these each input mode starts. Terms have the cut shapes.
	whole []Core
	from  map[Leg]int

	share int        // see Share; 0 means 1
	mutex sync.Mutex // of plans
	plans map[PlanOptions]*Plan
}

// Format makes networks for matrices of any modes. It holds ranks and other
// choices, not modes, so that one value serves matrices of several shapes.
type Format interface {
	// Name is the short name, e.g. "ht".
	Name() string
	// Matrix lists the cores for input modes n_1..n_d and output modes
	// m_1..m_e. It returns an error that quotes the modes or ranks that don't
	// fit, with the largest useful rank where one is too large.
	Matrix(in, out []int) (*Matrix, error)
}

// What no model has: beyond it sizes would overflow, or a hostile spec would
// keep the machine busy for hours.
const (
	maxElements = 1 << 40 // of all cores
	maxModes    = 64
	maxCores    = 1 << 16
	maxLegs     = 256 // of a network
)

// NewMatrix checks the networks and returns the matrix: every mode is a leg of
// exactly one core of every term, no leg joins more than two cores, and cores
// of one name have one shape. A new format ends its Matrix method with it.
func NewMatrix(format string, in, out []Leg, terms ...Network) (*Matrix, error) {
	shapes := map[string]string{}
	cores, elements := 0, 0.0
	for _, net := range terms {
		if cores += len(net); cores > maxCores {
			return nil, errors.Errorf("decomp: %s has %d networks of more than %d cores in all", format, len(terms), maxCores)
		}
		seen, names, modes := map[Leg]int{}, map[string]Leg{}, 0
		for _, c := range net {
			s := dims.Dots(c.Shape())
			if elements += volume(c.Legs); elements > maxElements {
				return nil, errors.Errorf("decomp: %s has more than 2^40 elements with core %s of shape %s", format, c.Name, s)
			}
			if shapes[c.Name] == "" {
				shapes[c.Name] = s
			} else if shapes[c.Name] != s {
				return nil, errors.Errorf("decomp: %s core %s has shapes %s and %s", format, c.Name, shapes[c.Name], s)
			}
			for _, l := range c.Legs {
				if other, ok := names[l.Name]; ok && other != l {
					return nil, errors.Errorf("decomp: %s leg %s has sizes %d and %d", format, l.Name, other.Size, l.Size)
				}
				if names[l.Name] = l; len(names) > maxLegs {
					return nil, errors.Errorf("decomp: %s has a network of more than %d modes and ranks, leg %s being the next", format, maxLegs, l.Name)
				}
				if l.Kind != Rank {
					modes++
				}
				if seen[l]++; seen[l] > 2 || l.Kind != Rank && seen[l] > 1 {
					return nil, errors.Errorf("decomp: %s leg %s is in too many cores; a rank joins two, a mode belongs to one", format, l.Name)
				}
			}
		}
		for _, l := range slices.Concat(in, out) {
			if seen[l] != 1 {
				return nil, errors.Errorf("decomp: %s mode %s of size %d is in no core", format, l.Name, l.Size)
			}
		}
		if modes != len(in)+len(out) {
			return nil, errors.Errorf("decomp: %s has %d modes in its cores, %d in the matrix", format, modes, len(in)+len(out))
		}
	}
	if len(in) == 0 || len(out) == 0 || len(terms) == 0 {
		return nil, errors.Errorf("decomp: %s needs an input mode, an output mode and a network", format)
	}
	return &Matrix{Format: format, In: in, Out: out, Terms: terms}, nil
}

// Rows returns N, the product of the input modes.
func (m *Matrix) Rows() int { return dims.Size(Sizes(m.In)) }

// Cols returns M, the product of the output modes.
func (m *Matrix) Cols() int { return dims.Size(Sizes(m.Out)) }

// Cores lists the learnable tensors, each name once, in the order of the
// networks. Init, Dense and Product take values and nodes in this order. Those of
// a block are the whole matrix's.
func (m *Matrix) Cores() []Core {
	cores, _ := m.cores()
	return cores
}

// cores returns Cores, and where each name stands in it.
func (m *Matrix) cores() (cores []Core, index map[string]int) {
	index = map[string]int{}
	for _, net := range m.Terms {
		for _, c := range net {
			if _, ok := index[c.Name]; !ok {
				index[c.Name] = len(cores)
				cores = append(cores, c)
			}
		}
	}
	if m.whole != nil {
		return m.whole, index
	}
	return cores, index
}

// Params returns the number of learnable values in Cores.
func (m *Matrix) Params() int {
	n := int64(0)
	for _, c := range m.Cores() {
		n += int64(c.Params())
	}
	return int(min(n, math.MaxInt))
}

// Ranks lists the sizes of the rank legs of the first network, in the order in
// which its cores name them.
func (m *Matrix) Ranks() []int { return m.Terms[0].ranks() }

func (net Network) ranks() (sizes []int) {
	seen := map[string]bool{}
	for _, c := range net {
		for _, l := range c.Legs {
			if l.Kind == Rank && !seen[l.Name] {
				seen[l.Name] = true
				sizes = append(sizes, l.Size)
			}
		}
	}
	return sizes
}

// Sizes lists the sizes of legs.
func Sizes(legs []Leg) []int {
	s := make([]int, len(legs))
	for k, l := range legs {
		s[k] = l.Size
	}
	return s
}

func volume(legs []Leg) float64 {
	v := 1.0
	for _, l := range legs {
		v *= float64(l.Size)
	}
	return v
}
