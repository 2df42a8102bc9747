package graph

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
)

// differentiating is held for one graph at a time: upstream begins all gradients
// from a constant that the graphs of a program share, and writes its hash there.
var differentiating sync.Mutex

// Grad adds the gradient of a scalar loss with respect to params to the graph
// (gorgonia.Grad), for Compile. The loss may itself depend on gradients, for
// derivatives of higher order. The parameters hold the gradients of the last Grad of
// a graph: programs of an earlier one refuse to run. It returns an error when the
// loss is no scalar or does not depend on a parameter.
func Grad(loss *G.Node, params ...*G.Node) (G.Nodes, error) {
	if !loss.IsScalar() {
		return nil, errors.Errorf("graph: the gradient of %v; want a scalar, such as SumAll makes", describe(loss))
	}
	for _, n := range loss.Graph().AllNodes() {
		if err := forget(n); err != nil {
			return nil, err
		}
	}
	differentiating.Lock()
	defer differentiating.Unlock()
	grads, err := G.Grad(loss, params...)
	return grads, errors.Wrap(err, "graph: symbolic differentiation")
}

// forget makes upstream's Grad differentiate a node again: it would otherwise take
// the gradient of an earlier loss (bug 19), and has no call for that.
func forget(n *G.Node) error {
	node := reflect.ValueOf(n).Elem()
	for _, name := range []string{"deriv", "derivOf"} {
		field := node.FieldByName(name)
		if !field.IsValid() {
			return errors.Errorf("graph: this release of gorgonia has no field %s in its nodes; want v0.9.18", name)
		}
		reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().SetZero()
	}
	return nil
}
