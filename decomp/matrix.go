package decomp

import (
	"math"
	"slices"
	"strconv"
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

// Leg is a named axis. Two cores of a network that both have it are contracted
// over it.
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
	if err := tooLarge(format, terms); err != nil {
		return nil, err
	}
	shapes := map[string]string{}
	for _, net := range terms {
		seen, names, modes := map[Leg]int{}, map[string]Leg{}, 0
		for _, c := range net {
			if s := dims.Dots(c.Shape()); shapes[c.Name] == "" {
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

// tooLarge returns an error when there are more cores or elements than any model
// has.
func tooLarge(format string, terms []Network) error {
	cores, elements := 0, 0.0
	for _, net := range terms {
		cores += len(net)
		for _, c := range net {
			v := volume(c.Legs)
			if v > maxElements {
				return errors.Errorf("decomp: %s core %s of shape %s has more than 2^40 elements", format, c.Name, dims.Dots(c.Shape()))
			}
			elements += v
		}
	}
	if cores > maxCores {
		return errors.Errorf("decomp: %s has %d networks of %d cores in all; want at most %d", format, len(terms), cores, maxCores)
	}
	if elements > maxElements {
		return errors.Errorf("decomp: %s has %d cores of %.0f elements in all; want at most 2^40", format, cores, elements)
	}
	return nil
}

// Rows returns N, the product of the input modes.
func (m *Matrix) Rows() int { return dims.Size(Sizes(m.In)) }

// Cols returns M, the product of the output modes.
func (m *Matrix) Cols() int { return dims.Size(Sizes(m.Out)) }

// Cores lists the learnable tensors, each name once, in the order of the
// networks. Init, Dense and Product take values and nodes in this order. Those of
// a block are the whole matrix's.
func (m *Matrix) Cores() []Core {
	if m.whole != nil {
		return m.whole
	}
	var cores []Core
	seen := map[string]bool{}
	for _, net := range m.Terms {
		for _, c := range net {
			if !seen[c.Name] {
				seen[c.Name] = true
				cores = append(cores, c)
			}
		}
	}
	return cores
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

// coreIndex returns where each core name stands in Cores.
func (m *Matrix) coreIndex() map[string]int {
	index := map[string]int{}
	for i, c := range m.Cores() {
		index[c.Name] = i
	}
	return index
}

// legs names modes or ranks prefix1, prefix2, …, or from another number on.
func legs(kind Kind, prefix string, first int, sizes []int) []Leg {
	ls := make([]Leg, len(sizes))
	for k, s := range sizes {
		ls[k] = Leg{Kind: kind, Name: prefix + strconv.Itoa(first+k), Size: s}
	}
	return ls
}

// modes checks the modes of a format and returns their legs a1.. and i1..
func modes(format string, in, out []int) (a, i []Leg, err error) {
	for _, side := range []struct {
		name  string
		sizes []int
	}{{"input", in}, {"output", out}} {
		if len(side.sizes) == 0 {
			return nil, nil, errors.Errorf("decomp: %s has no %s modes; want at least one", format, side.name)
		}
		if len(side.sizes) > maxModes {
			return nil, nil, errors.Errorf("decomp: %s has %d %s modes; want at most %d", format, len(side.sizes), side.name, maxModes)
		}
		total := 1
		for _, n := range side.sizes {
			if n < 1 {
				return nil, nil, errors.Errorf("decomp: %s %s modes %s: every mode is at least 1", format, side.name, dims.Dots(side.sizes))
			}
			if total > math.MaxInt32/n {
				return nil, nil, errors.Errorf("decomp: %s %s modes %s multiply to more than %d", format, side.name, dims.Dots(side.sizes), math.MaxInt32)
			}
			total *= n
		}
	}
	return legs(Input, "a", 1, in), legs(Output, "i", 1, out), nil
}

// pairedModes is modes for formats whose cores hold one input and one output
// mode each.
func pairedModes(format string, in, out []int) (a, i []Leg, err error) {
	if len(in) != len(out) {
		return nil, nil, errors.Errorf("decomp: %s pairs input and output modes, but there are %d (%s) and %d (%s); add modes of 1",
			format, len(in), dims.Dots(in), len(out), dims.Dots(out))
	}
	return modes(format, in, out)
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
