// Package ops holds what the public package graph and the cells build nodes of:
// operations of our own, which are right for every shape, and their kernels.
package ops

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

// Op is one operation of our own: a function from the data of its operands
// to the data of a result that is never shared with them.
//
// The result is a buffer that belongs to the op and is filled anew at each run,
// so that a training loop does not allocate. One Op serves one node.
type Op struct {
	Name  string       // everything that tells this op from another of the same shape: nodes merge by it
	Shape tensor.Shape // of the result; nil for that of the first operand
	Rows  int          // if not 0, the number of equal parts of the result and the operands, of which F32 and F64 compute one after the other
	F32   func(out []float32, in [][]float32)
	F64   func(out []float64, in [][]float64)
	Diff  []Gradient // of each operand; nil, or left out at the end, for one that has none
	// Failed returns the error of what F32 or F64 did last; nil where they cannot fail.
	Failed func() error
	Owner  any // what the caller finds again where Apply returns an equal node that is there already

	dims   []int // number of axes of each operand
	salt   int
	buffer *tensor.Dense
}

// Gradient adds the gradient of an operand to the graph, from all operands and the gradient of the result.
type Gradient func(in G.Nodes, grad *G.Node) (*G.Node, error)

var _ G.SDOp = (*Op)(nil)

// Float is the type of a tensor's elements.
type Float interface{ float32 | float64 }

// Apply adds the op to the operands' graph.
func Apply(o *Op, inputs ...*G.Node) (*G.Node, error) {
	for _, in := range inputs {
		if in.Dims() == 0 {
			return nil, errors.Errorf("graph: %s of a scalar; want tensors of at least one axis", o.Name)
		}
		o.dims = append(o.dims, in.Dims())
	}
	if o.Shape == nil {
		o.Shape = inputs[0].Shape()
	}
	o.Shape = o.Shape.Clone()
	o.Name = fmt.Sprintf("%s->%v", o.Name, o.Shape)
	if slices.ContainsFunc(o.Shape, func(size int) bool { return size < 1 }) {
		return nil, errors.Errorf("graph: %s: every size is at least 1", o.Name)
	}
	// A 32-bit hash decides upstream whether this node is an old one; it may be another by
	// chance, and then a hash with salt decides.
	for {
		n, err := G.ApplyOp(o, inputs...)
		if err != nil {
			return nil, errors.Wrapf(err, "graph: %s", o.Name)
		}
		if got, ok := n.Op().(*Op); ok && got.Name == o.Name && slices.Equal(n.Shape(), o.Shape) && slices.Equal(Children(n), inputs) {
			return n, nil
		}
		o.salt++
	}
}

func (o *Op) Arity() int { return len(o.dims) }

func (o *Op) Type() hm.Type {
	a := hm.TypeVariable('a')
	types := make([]hm.Type, 0, len(o.dims)+1)
	for _, d := range o.dims {
		types = append(types, tensorType(d, a))
	}
	return hm.NewFnType(append(types, tensorType(len(o.Shape), a))...)
}

func tensorType(dims int, of hm.Type) hm.Type {
	if dims == 0 {
		return of
	}
	return G.TensorType{Dims: dims, Of: of}
}

func (o *Op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.Shape.Clone(), nil }

// Do runs the op on tensors of float32 or float64.
func (o *Op) Do(values ...G.Value) (G.Value, error) {
	in := make([]*tensor.Dense, len(values))
	for i, v := range values {
		d, ok := v.(*tensor.Dense)
		if !ok {
			return nil, errors.Errorf("graph: %s: operand %d is a %T, not a dense tensor", o.Name, i, v)
		}
		if d.RequiresIterator() || d.DataOrder().IsColMajor() {
			d = d.Materialize().(*tensor.Dense)
		}
		in[i] = d
	}
	dt := in[0].Dtype()
	if o.buffer == nil || o.buffer.Dtype() != dt || !slices.Equal(o.buffer.Shape(), o.Shape) {
		o.buffer = tensor.New(tensor.Of(dt), tensor.WithShape(o.Shape...))
	}
	switch out := o.buffer.Data().(type) {
	case []float32:
		rowByRow(out, in, max(o.Rows, 1), o.F32)
	case []float64:
		rowByRow(out, in, max(o.Rows, 1), o.F64)
	default:
		return nil, errors.Errorf("graph: %s: operands are %v; use float32 or float64", o.Name, dt)
	}
	if o.Failed != nil {
		if err := o.Failed(); err != nil {
			return nil, err
		}
	}
	return o.buffer, nil
}

func rowByRow[T Float](out []T, in []*tensor.Dense, rows int, compute func(out []T, in [][]T)) {
	rest, row, n := make([][]T, len(in)), make([][]T, len(in)), len(out)/rows
	for k, d := range in {
		rest[k] = d.Data().([]T)
		row[k] = rest[k][:len(rest[k])/rows]
	}
	for {
		compute(out[:n], row)
		if out = out[n:]; len(out) == 0 {
			return
		}
		for k, r := range row {
			rest[k] = rest[k][len(r):]
			row[k] = rest[k][:len(r)]
		}
	}
}

func (o *Op) DiffWRT(n int) []bool {
	wrt := make([]bool, n)
	for k, g := range o.Diff {
		wrt[k] = g != nil
	}
	return wrt
}

func (o *Op) SymDiff(inputs G.Nodes, _, grad *G.Node) (grads G.Nodes, err error) {
	grads = make(G.Nodes, len(inputs))
	for k, g := range o.Diff {
		if g != nil && err == nil {
			grads[k], err = g(inputs, grad)
		}
	}
	return grads, err
}

// The machine may neither hand out an operand's memory as the result nor write the result over an operand.
func (o *Op) ReturnsPtr() bool     { return false }
func (o *Op) OverwritesInput() int { return -1 }
func (o *Op) CallsExtern() bool    { return false }

func (o *Op) String() string { return o.Name }
func (o *Op) WriteHash(h hash.Hash) {
	fmt.Fprint(h, o.Name)
	if o.salt > 0 {
		fmt.Fprint(h, o.salt)
	}
}
func (o *Op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// Put is the Owner of an op that puts a node, Of, among zeros along an axis: its gradient
// reader may do without the zeros.
type Put struct {
	Of       *G.Node
	Axis, At int
}

// PutOf returns what a node puts among zeros, if that is what its op does.
func PutOf(n *G.Node) (Put, bool) {
	op, ok := n.Op().(*Op)
	if !ok {
		return Put{}, false
	}
	p, ok := op.Owner.(Put)
	return p, ok
}

// Children returns a node's operands.
func Children(n *G.Node) G.Nodes {
	var kids G.Nodes
	it := n.Graph().From(n.ID())
	for it.Next() {
		kids = append(kids, it.Node().(*G.Node))
	}
	return kids
}
