package graph

import (
	"cmp"
	"reflect"
	"sync"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
)

// Program computes some nodes of a graph from its inputs, as often as asked.
// Programs of separate graphs run in parallel; one program does not, nor do two
// of the same graph.
type Program struct {
	vm     G.VM
	params G.Nodes
	grads  G.Nodes // of params
	values map[*G.Node]*G.Value
}

// Compile makes the program that computes outputs, whose values Value then
// gives, and grads, the nodes Grad returned for params: params[i].Grad() then
// holds the gradient of the last run. Both may be nil. Nothing else in the
// graph is computed (bug 13), and different nodes of equal hash are told apart
// (bugs 1 and 17). It returns an error when that cannot be, for inputs that Input
// has not made, and when an operation may write over memory that a View shares (bug 2).
func Compile(outputs, grads, params G.Nodes) (*Program, error) {
	if len(outputs) == 0 || len(grads) != len(params) {
		return nil, errors.Errorf("graph: %d outputs, %d gradients and %d parameters; want at least one output and one gradient a parameter",
			len(outputs), len(grads), len(params))
	}
	g := outputs[0].Graph()
	p := &Program{params: params, grads: grads, values: map[*G.Node]*G.Value{}}
	roots := append(G.Nodes{}, grads...)
	for _, out := range outputs {
		v := new(G.Value)
		p.values[out] = v
		// Reading copies the value as soon as it is there (bug 11).
		roots = append(roots, out, G.Read(out, v))
	}
	nodes := reachable(g, roots)
	// Inputs that collide are looked for in the whole graph: what reads them may be one node already.
	if err := distinguish(append(inputsOf(g.AllNodes()), nodes...)); err != nil {
		return nil, err
	}
	if err := checkViews(nodes); err != nil {
		return nil, err
	}
	inputs := inputsOf(nodes)
	if len(inputs) == 0 {
		return nil, errors.New("graph: the outputs depend on no input")
	}
	prog, locations, err := G.CompileFunction(g, inputs, roots)
	if err != nil {
		return nil, errors.Wrap(err, "graph: compile")
	}
	opts := []G.VMOpt{G.WithPrecompiled(prog, locations)}
	if len(params) > 0 {
		opts = append(opts, G.BindDualValues(params...))
	}
	p.vm = G.NewTapeMachine(g, opts...)
	return p, nil
}

// Run computes everything once. Gradients of an earlier run are gone, whether
// or not a solver used them up (bugs 14 and 15). It returns an error when an
// input has no value or an operation fails.
func (p *Program) Run() error {
	for k, n := range p.params {
		if n.Deriv() != p.grads[k] {
			return errors.Errorf("graph: run: %v has another gradient since Grad was called again; compile a program of one Grad, or build another graph", describe(n))
		}
		clearGradient(n)
	}
	p.vm.Reset()
	return errors.Wrap(p.vm.RunAll(), "graph: run")
}

// clearGradient zeroes what earlier runs added up. Before the first run Grad
// gives the gradient node's own value, which is not ours to write.
func clearGradient(param *G.Node) {
	grad, err := param.Grad()
	if err != nil || grad == nil || param.Deriv() != nil && param.Deriv().Value() == grad {
		return
	}
	if data := reflect.ValueOf(grad.Data()); data.Kind() == reflect.Slice {
		data.Clear()
	}
}

// Value returns what the last Run made of an output given to Compile; nil
// before the first run. The memory is written again by the next run.
func (p *Program) Value(output *G.Node) G.Value {
	if v := p.values[output]; v != nil {
		return *v
	}
	return nil
}

// Scalar is Value of an output with one element, as a float64.
func (p *Program) Scalar(output *G.Node) (float64, error) {
	v := p.Value(output)
	if v == nil {
		return 0, errors.Errorf("graph: %v is not an output of the program, or it has not run", output)
	}
	d := reflect.ValueOf(v.Data())
	if d.Kind() == reflect.Slice && d.Len() == 1 {
		d = d.Index(0)
	}
	if d.CanFloat() {
		return d.Float(), nil
	}
	return 0, errors.Errorf("graph: %v has shape %v, not one element", output, v.Shape())
}

// Close gives the machine back.
func (p *Program) Close() error { return errors.Wrap(p.vm.Close(), "graph: close") }

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
func forget(n *G.Node) error { return cmp.Or(setField(n, "deriv", nil), setField(n, "derivOf", nil)) }
