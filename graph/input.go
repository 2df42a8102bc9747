package graph

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Input adds an input node with a name that no other input of the graph has:
// upstream makes one node of two inputs with the same name, shape and type
// (bug 12). A nil value leaves the node for the caller to fill with Let. It
// returns an error when the name is empty or taken.
func Input(g *G.ExprGraph, name string, dt tensor.Dtype, shape tensor.Shape, value tensor.Tensor) (*G.Node, error) {
	if name == "" || len(shape) == 0 {
		return nil, errors.Errorf("graph: an input needs a name and at least one axis, has %q and shape %v", name, shape)
	}
	if slices.ContainsFunc(shape, func(n int) bool { return n < 1 }) {
		return nil, errors.Errorf("graph: input %q has shape %v; every size is at least 1", name, shape)
	}
	if slices.ContainsFunc(g.AllNodes(), func(n *G.Node) bool { return n.Op() == nil && n.Name() == name }) {
		return nil, errors.Errorf("graph: the graph already has an input named %q; give each its own name", name)
	}
	opts := []G.NodeConsOpt{G.WithName(name), G.WithShape(shape...)}
	if value != nil {
		if !slices.Equal(value.Shape(), shape) || value.Dtype() != dt {
			return nil, errors.Errorf("graph: input %q is %v %v, its value %v %v", name, dt, shape, value.Dtype(), value.Shape())
		}
		opts = append(opts, G.WithValue(value))
	}
	before := g.AllNodes()
	n := G.NewTensor(g, dt, len(shape), opts...)
	taken := func(hash uint32) bool {
		return slices.ContainsFunc(before, func(other *G.Node) bool { return other.Hashcode() == hash })
	}
	if taken(n.Hashcode()) { // before anything reads it
		return n, rehash(n, taken)
	}
	return n, nil
}

// Zeros returns a node of zeros without a gradient. like, which is no scalar, gives the graph
// and the type and is not read.
func Zeros(like *G.Node, shape ...int) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  "zeros",
		Shape: shape,
		// Another operation may have written into the result of an earlier run.
		F32: func(out []float32, _ [][]float32) { clear(out) },
		F64: func(out []float64, _ [][]float64) { clear(out) },
	}, like)
}
