package cells

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Role is what a parameter is for, by which the papers count.
type Role int

const (
	InputToHidden  Role = iota // the decomposed weights: what the published tables count
	HiddenToHidden             // the recurrent weights
	Bias
	Joint // a core of one network for both kinds of weights
)

// String returns "input-to-hidden", "hidden-to-hidden", "bias" or "joint".
func (r Role) String() string {
	return []string{"input-to-hidden", "hidden-to-hidden", "bias", "joint"}[r]
}

// Param is one learnable tensor.
type Param struct {
	Name  string // unique in its stack, e.g. "layer1.input.U3"
	Shape []int
	Role  Role
}

// Size returns the number of elements, or the largest int where that, of 32 bits, does not hold it.
func (p Param) Size() int { return dims.Size(p.Shape) }

// Weights is a matrix of a layer as a tensor network.
type Weights struct {
	Layer  int  // 1 is the first
	Role   Role // InputToHidden, HiddenToHidden or Joint
	Matrix *decomp.Matrix
}

// Stack is one recurrent layer on top of another.
type Stack struct {
	layers     []Layer
	directions [][]*direction // by layer
}

// New checks the layers and returns their stack. The features of each layer must
// equal the product of the next one's input modes. Errors quote the layer's own
// numbers.
func New(layers ...Layer) (*Stack, error) {
	if len(layers) == 0 {
		return nil, errors.New("cells: a stack needs at least one layer")
	}
	s := &Stack{}
	for k, l := range layers {
		name := fmt.Sprintf("layer%d", k+1)
		l = l.copied()
		if err := l.validate(name); err != nil {
			return nil, err
		}
		s.layers = append(s.layers, l)
		if k > 0 && l.InputSize() != layers[k-1].Features() {
			return nil, errors.Errorf("cells: %s has input modes %s, but layer%d gives %d features", name, l.reads(), k, layers[k-1].Features())
		}
		var both []*direction
		for _, suffix := range []string{"", ".backward"}[:l.directions()] {
			d, err := newDirection(l, name+suffix, suffix != "")
			if err != nil {
				return nil, err
			}
			both = append(both, d)
		}
		s.directions = append(s.directions, both)
	}
	s.share()
	return s, nil
}

// share makes equal matrices of several layers and directions one.
func (s *Stack) share() {
	var places []**decomp.Matrix
	var matrices []*decomp.Matrix
	for _, d := range s.all() {
		for _, m := range []**decomp.Matrix{&d.input.Matrix, &d.recurrent.Matrix} {
			if *m != nil {
				places, matrices = append(places, m), append(matrices, *m)
			}
		}
	}
	for k, m := range decomp.Share(matrices) {
		*places[k] = m
	}
}

// Layers lists the layers.
func (s *Stack) Layers() []Layer {
	list := make([]Layer, len(s.layers))
	for k, l := range s.layers {
		list[k] = l.copied()
	}
	return list
}

// Features returns the size of the last layer's output.
func (s *Stack) Features() int { return s.layers[len(s.layers)-1].Features() }

// Inputs returns the number of features the first layer reads per step.
func (s *Stack) Inputs() int { return s.layers[0].InputSize() }

// Params lists the learnable tensors, layer by layer.
func (s *Stack) Params() []Param {
	var ps []Param
	for _, d := range s.all() {
		ps = append(ps, d.params()...)
	}
	return ps
}

// Init returns initial values for Params, row-major, determined by the seed:
// input-to-hidden weights with the Glorot variance of the matrix they stand for;
// orthogonal recurrent weights, or ones of the same variance if decomposed and
// of a tenth of it if joint; biases as the cell's Gates have them, zero for most.
func (s *Stack) Init(seed uint64) [][]float64 {
	var values [][]float64
	for _, d := range s.all() {
		values = append(values, d.init(rand.New(rand.NewPCG(seed, hash(d.name))))...)
	}
	return values
}

// Products returns the matrices that multiply x and the state in a layer, counted from 0,
// with the gates folded in: blocks of one network in a joint layer. The latter is nil
// where the cell is InputGated.
func (s *Stack) Products(layer int) (input, recurrent *decomp.Matrix) {
	d := s.directions[layer][0]
	return d.input.Matrix, d.recurrent.Matrix
}

// Weights lists the layers' matrices, with the gates folded in: input-to-hidden before
// hidden-to-hidden, or the joint one. Both directions of a bidirectional layer have the
// same networks, listed once.
func (s *Stack) Weights() []Weights {
	var list []Weights
	for k, both := range s.directions {
		for _, w := range both[0].own() {
			list = append(list, Weights{k + 1, w.role, w.Matrix})
		}
	}
	return list
}

// MulAdds returns the multiply-adds of one step of one sequence in training,
// when batch sequences of that many steps go through each input projection at
// once. Contractions of cores with each other, which no step repeats, are left
// out.
func (s *Stack) MulAdds(batch, steps int) int {
	total := 0
	for k, both := range s.directions {
		for _, d := range both {
			in, _ := d.input.Plan(decomp.PlanOptions{Rows: batch * steps, InputGradient: k > 0}).MulAdds()
			total += in
			if d.recurrent.Matrix != nil {
				rec, _ := d.recurrent.Plan(decomp.PlanOptions{Rows: batch, Uses: steps}).MulAdds()
				total += rec
			}
		}
	}
	return total
}

func (s *Stack) all() []*direction { return slices.Concat(s.directions...) }

func hash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}
