package safe

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"

	"github.com/chewxy/hm"
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// op is one operation of this package: a function from the data of its operands
// to the data of a result that is never shared with them.
//
// The result is a buffer that belongs to the op and is filled anew at each run,
// so that a training loop does not allocate. One op serves one node.
type op struct {
	name  string       // everything that tells this op from another of the same shape: nodes merge by it
	dims  []int        // number of axes of each operand
	shape tensor.Shape // of the result
	f32   func(out []float32, in [][]float32)
	f64   func(out []float64, in [][]float64)
	// diff returns the gradient of each operand; nil for one that has none.
	diff func(inputs G.Nodes, grad *G.Node) (G.Nodes, error)
	wrt  []bool // which operands have a gradient

	buffer *tensor.Dense
}

var _ G.SDOp = (*op)(nil)

type float interface{ float32 | float64 }

// apply adds the op to the operands' graph.
func apply(o *op, inputs ...*G.Node) (*G.Node, error) {
	for _, in := range inputs {
		o.dims = append(o.dims, in.Dims())
	}
	o.name = fmt.Sprintf("%s->%v", o.name, o.shape)
	for _, size := range o.shape {
		if size < 1 {
			return nil, errors.Errorf("safe: %s: every size is at least 1", o.name)
		}
	}
	n, err := G.ApplyOp(o, inputs...)
	if err != nil {
		return nil, errors.Wrapf(err, "safe: %s", o.name)
	}
	// A 32-bit hash decides upstream whether this node is an old one.
	if got, ok := n.Op().(*op); !ok || got.name != o.name || !sameShape(n.Shape(), o.shape) || !slices.Equal(children(n), inputs) {
		return nil, errors.Errorf("safe: %s was merged with another node of the same hash; rename an input and build the graph again", o.name)
	}
	return n, nil
}

func (o *op) Arity() int { return len(o.dims) }

func (o *op) Type() hm.Type {
	a := hm.TypeVariable('a')
	types := make([]hm.Type, 0, len(o.dims)+1)
	for _, d := range o.dims {
		types = append(types, tensorType(d, a))
	}
	return hm.NewFnType(append(types, tensorType(len(o.shape), a))...)
}

func tensorType(dims int, of hm.Type) hm.Type {
	if dims == 0 {
		return of
	}
	return G.TensorType{Dims: dims, Of: of}
}

func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

// Do runs the op on tensors of float32 or float64.
func (o *op) Do(values ...G.Value) (G.Value, error) {
	in := make([]*tensor.Dense, len(values))
	for i, v := range values {
		d, ok := v.(*tensor.Dense)
		if !ok {
			return nil, errors.Errorf("safe: %s: operand %d is a %T, not a dense tensor", o.name, i, v)
		}
		if d.RequiresIterator() || d.DataOrder().IsColMajor() {
			d = d.Materialize().(*tensor.Dense)
		}
		in[i] = d
	}
	dt := in[0].Dtype()
	if o.buffer == nil || o.buffer.Dtype() != dt || !sameShape(o.buffer.Shape(), o.shape) {
		o.buffer = tensor.New(tensor.Of(dt), tensor.WithShape(o.shape...))
	}
	switch out := o.buffer.Data().(type) {
	case []float32:
		o.f32(out, backing[float32](in))
	case []float64:
		o.f64(out, backing[float64](in))
	default:
		return nil, errors.Errorf("safe: %s: operands are %v; use float32 or float64", o.name, dt)
	}
	return o.buffer, nil
}

func backing[T float](in []*tensor.Dense) [][]T {
	s := make([][]T, len(in))
	for i, d := range in {
		s[i] = d.Data().([]T)
	}
	return s
}

func (o *op) DiffWRT(int) []bool { return o.wrt }

func (o *op) SymDiff(inputs G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	return o.diff(inputs, grad)
}

// The machine may neither hand out an operand's memory as the result nor write
// the result over an operand.
func (o *op) ReturnsPtr() bool     { return false }
func (o *op) OverwritesInput() int { return -1 }
func (o *op) CallsExtern() bool    { return false }

func (o *op) String() string        { return o.name }
func (o *op) WriteHash(h hash.Hash) { fmt.Fprint(h, o.name) }
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func sameShape(a, b tensor.Shape) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// product returns the number of elements of a shape; 1 for none.
func product(sizes []int) int {
	p := 1
	for _, s := range sizes {
		p *= s
	}
	return p
}
