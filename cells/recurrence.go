package cells

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// recurrence is all steps of an LSTM or a GRU with a dense U as one operation. U is packed
// once for all steps, the gates are computed on the product's rows while they lie in the
// cache, and the gradient of U is one product over all steps.
type recurrence struct {
	cell                 string
	batch, steps, hidden int
	gates, kept          int // blocks of hidden columns: of U, and of what a step keeps for the gradient
	reverse, remembers   bool
	truncate             int // as in graph.Recurrence

	// The operands: where in the node's list they stand, 0 for those that are not there
	// but a, which is always the first.
	u, bias, h, c, mask, dropout, candidate int

	node *G.Node // (batch, steps, hidden): the state after each step
	f32  sweep[float32]
	f64  sweep[float64]
}

// recurrenceOperands are what a recurrence reads; a, u and bias are always there.
type recurrenceOperands struct {
	a         *G.Node // x·W of all steps, (batch·steps, gates·hidden), of any shape
	u         *G.Node // (hidden, gates·hidden)
	bias      *G.Node // (1, gates·hidden)
	h, c      *G.Node // before the first step, each (batch, hidden); zeros if nil
	mask      *G.Node // (batch, steps), 0 in the padding
	dropout   *G.Node // (batch, hidden), a factor of what U reads
	candidate *G.Node // (1, hidden), the bias of the candidate's columns of h·U
}

// rows computes a step of one sequence of n hidden units. All slices but a, u and bias are
// blocks of n.
type rows[T ops.Float] struct {
	// forward makes the next state, and what the gradient needs again, of x·W, h·U and
	// the state.
	forward func(kept, a, bias, u, h, c, hNext, cNext []T, n int)
	// backward makes the gradients of a and u, and replaces those of the next state by
	// those of the state, as far as they do not come from u.
	backward func(da, du, kept, h, c, dh, dc []T, n int)
}

// sweep is the memory of a recurrence. Steps come one after the other.
type sweep[T ops.Float] struct {
	rows    rows[T]
	forward backend.Fixed[T]
	back    backend.Fixed[T]

	product []T // (batch, gates·hidden): h·U, or its gradient
	kept    []T // (steps, batch, kept·hidden)
	before  []T // (steps, batch, hidden): what U reads
	states  []T // (steps+1, batch, hidden)
	memory  []T // the same of c; nil without
	zeros   []T // a bias

	// Of the gradient.
	du           []T // (steps, batch, gates·hidden)
	dU, dBias    []T
	dCandidate   []T
	dh, dc, held []T // (batch, hidden)
}

// newRecurrence adds a recurrence to the graph.
func newRecurrence(cell string, k *kernels, of recurrenceOperands, steps int, reverse bool, truncate int) (*recurrence, error) {
	hidden := of.u.Shape()[0]
	gates := of.u.Shape()[1] / hidden
	r := &recurrence{cell: cell, hidden: hidden, steps: steps, gates: gates, kept: k.kept, reverse: reverse, truncate: truncate, remembers: k.memory}
	r.f32.rows, r.f64.rows = k.f32, k.f64
	r.batch = of.a.Shape().TotalSize() / (steps * gates * hidden)
	if of.a.Shape().TotalSize() != r.batch*steps*gates*hidden || of.u.Shape()[1] != gates*hidden || of.bias.Shape().TotalSize() != gates*hidden {
		return nil, errors.Errorf("cells: %s over x·W %v of %d steps with U %v and a bias %v; want (batch·steps, %d·hidden), (hidden, %[6]d·hidden), (1, %[6]d·hidden)",
			cell, of.a.Shape(), steps, of.u.Shape(), of.bias.Shape(), gates)
	}
	operands := G.Nodes{of.a}
	add := func(n *G.Node) int {
		if n == nil {
			return 0
		}
		operands = append(operands, n)
		return len(operands) - 1
	}
	r.u, r.bias, r.h, r.c = add(of.u), add(of.bias), add(of.h), add(of.c)
	r.mask, r.dropout, r.candidate = add(of.mask), add(of.dropout), add(of.candidate)
	back := &recurrenceBack{recurrence: r}
	diff := []ops.Gradient{back.projection}
	for k := range operands[1:] {
		var g ops.Gradient
		if k := k + 1; k != r.mask && k != r.dropout {
			g = func(in G.Nodes, grad *G.Node) (*G.Node, error) { return back.other(k, in, grad) }
		}
		diff = append(diff, g)
	}
	op := &ops.Op{
		Name:  fmt.Sprintf("%s recurrence of %d steps, reverse %t, cut %d, operands %d %d %d %d %d", cell, steps, reverse, truncate, r.h, r.c, r.mask, r.dropout, r.candidate),
		Shape: tensor.Shape{r.batch, steps, hidden},
		F32:   func(out []float32, in [][]float32) { r.f32.run(r, out, in) },
		F64:   func(out []float64, in [][]float64) { r.f64.run(r, out, in) },
		Diff:  diff,
		Owner: r,
	}
	node, err := ops.Apply(op, operands...)
	if err != nil {
		return nil, err
	}
	r = node.Op().(*ops.Op).Owner.(*recurrence) // that of an equal node, if there is one
	r.node = node
	return r, nil
}

// order returns the step that comes k-th.
func (r *recurrence) order(k int) int {
	if r.reverse {
		return r.steps - 1 - k
	}
	return k
}

// block adds a node of what is kept of each step, (batch, steps, hidden). It has no
// gradient.
func (r *recurrence) block(k int) (*G.Node, error) {
	return r.look(fmt.Sprintf("block %d kept of", k), tensor.Shape{r.batch, r.steps, r.hidden}, func(out []float32) { copyBlock(r, out, r.f32.kept, k) },
		func(out []float64) { copyBlock(r, out, r.f64.kept, k) })
}

// lastMemory adds a node of c after the last step, (batch, hidden). It has no gradient.
func (r *recurrence) lastMemory() (*G.Node, error) {
	n := r.batch * r.hidden
	return r.look("memory after", tensor.Shape{r.batch, r.hidden}, func(out []float32) { copy(out, r.f32.memory[r.steps*n:]) },
		func(out []float64) { copy(out, r.f64.memory[r.steps*n:]) })
}

// memories adds a node of c after each step, (batch, steps, hidden). It has no gradient.
func (r *recurrence) memories() (*G.Node, error) {
	return r.look("memory after each step of", tensor.Shape{r.batch, r.steps, r.hidden}, func(out []float32) { copyMemories(r, out, r.f32.memory) },
		func(out []float64) { copyMemories(r, out, r.f64.memory) })
}

func (r *recurrence) look(what string, shape tensor.Shape, f32 func(out []float32), f64 func(out []float64)) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name: what + " a recurrence", Shape: shape,
		F32: func(out []float32, _ [][]float32) { f32(out) },
		F64: func(out []float64, _ [][]float64) { f64(out) },
		Diff: []ops.Gradient{func(G.Nodes, *G.Node) (*G.Node, error) {
			return nil, errors.Errorf("cells: gates and memory of an %s whose steps are one operation have no gradient; unroll it", r.cell)
		}},
	}, r.node)
}

func copyMemories[T ops.Float](r *recurrence, out, memory []T) {
	for j := range r.steps {
		ops.CopyRows(r.batch, r.hidden, out[r.order(j)*r.hidden:], r.steps*r.hidden, memory[(j+1)*r.batch*r.hidden:], r.hidden)
	}
}

func copyBlock[T ops.Float](r *recurrence, out, kept []T, k int) {
	width := r.kept * r.hidden
	for j := range r.steps {
		ops.CopyRows(r.batch, r.hidden, out[r.order(j)*r.hidden:], r.steps*r.hidden, kept[j*r.batch*width+k*r.hidden:], width)
	}
}

// grow returns memory of n elements: s, or new where that is smaller.
func grow[T ops.Float](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// run computes the states.
func (s *sweep[T]) run(r *recurrence, out []T, in [][]T) {
	n, width := r.hidden, r.gates*r.hidden
	all, each := r.steps*r.batch*n, r.batch*n
	s.product, s.kept, s.before, s.states = grow(s.product, r.batch*width), grow(s.kept, all*r.kept), grow(s.before, all), grow(s.states, all+each)
	start := func(to []T, operand int) {
		clear(to)
		if operand > 0 {
			copy(to, in[operand])
		}
	}
	start(s.states[:each], r.h)
	if r.remembers {
		s.memory = grow(s.memory, all+each)
		start(s.memory[:each], r.c)
	}
	s.forward.Set(false, n, width, in[r.u])
	bias := in[r.bias]
	if r.candidate > 0 {
		s.zeros = grow(s.zeros, width)
	}
	for j := range r.steps {
		t := r.order(j)
		h, next := s.states[j*each:(j+1)*each], s.states[(j+1)*each:(j+2)*each]
		read := s.before[j*each : (j+1)*each]
		copy(read, h)
		if r.dropout > 0 {
			for i, m := range in[r.dropout] {
				read[i] *= m
			}
		}
		s.forward.Multiply(r.batch, read, false, s.product)
		for b := range r.batch {
			u := s.product[b*width : (b+1)*width]
			if r.candidate > 0 {
				addTo(u[width-n:], in[r.candidate])
			}
			row := (b*r.steps + t) * width
			of := func(x []T) []T { return x[b*n : (b+1)*n] }
			kept := s.kept[(j*r.batch+b)*r.kept*n:][:r.kept*n]
			var c, cNext []T
			if s.memory != nil {
				c, cNext = of(s.memory[j*each:]), of(s.memory[(j+1)*each:])
			}
			if r.mask > 0 && in[r.mask][b*r.steps+t] == 0 {
				copy(of(next), of(h))
				copy(cNext, c)
				clear(kept)
			} else {
				s.rows.forward(kept, in[0][row:row+width], bias, u, of(h), c, of(next), cNext, n)
			}
			copy(out[(b*r.steps+t)*n:][:n], of(next))
		}
	}
}

func addTo[T ops.Float](sum, x []T) {
	for i, v := range x {
		sum[i] += v
	}
}

// recurrenceBack is the gradient of a recurrence: a node with the gradient of a, which
// leaves those of the other operands in the recurrence's memory.
type recurrenceBack struct {
	*recurrence
	of, node *G.Node // the gradient of the states, and of a
}

func noSecond(G.Nodes, *G.Node) (*G.Node, error) {
	return nil, errors.New("cells: the gradient of a recurrence that is one operation has none of its own; unroll it for second derivatives")
}

// projection returns the gradient of a.
func (b *recurrenceBack) projection(in G.Nodes, grad *G.Node) (node *G.Node, err error) {
	if b.of == grad {
		return b.node, nil
	}
	r := b.recurrence
	inputs := append(append(G.Nodes{}, in...), r.node, grad)
	diff := make([]ops.Gradient, len(inputs))
	for k := range diff {
		diff[k] = noSecond
	}
	node, err = ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("gradient of %s recurrence, reverse %t, operands %d %d %d %d %d", r.cell, r.reverse, r.h, r.c, r.mask, r.dropout, r.candidate),
		Shape: in[0].Shape(),
		F32:   func(out []float32, in [][]float32) { r.f32.gradient(r, out, in) },
		F64:   func(out []float64, in [][]float64) { r.f64.gradient(r, out, in) },
		Diff:  diff,
	}, inputs...)
	b.of, b.node = grad, node
	return node, err
}

// other returns the gradient of another operand.
func (b *recurrenceBack) other(k int, in G.Nodes, grad *G.Node) (*G.Node, error) {
	node, err := b.projection(in, grad)
	if err != nil {
		return nil, err
	}
	r := b.recurrence
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("gradient of operand %d of a recurrence", k),
		Shape: in[k].Shape(),
		F32:   func(out []float32, _ [][]float32) { copy(out, r.f32.of(r, k)) },
		F64:   func(out []float64, _ [][]float64) { copy(out, r.f64.of(r, k)) },
		Diff:  []ops.Gradient{noSecond},
	}, node)
}

// of returns the gradient of an operand.
func (s *sweep[T]) of(r *recurrence, k int) []T {
	switch k {
	case r.u:
		return s.dU
	case r.bias:
		return s.dBias
	case r.h:
		return s.dh
	case r.c:
		return s.dc
	}
	return s.dCandidate
}

// gradient goes through the steps from the last one that was taken to the first.
func (s *sweep[T]) gradient(r *recurrence, da []T, in [][]T) {
	n, width, grad := r.hidden, r.gates*r.hidden, in[len(in)-1]
	each := r.batch * n
	s.du, s.dU, s.dBias = grow(s.du, r.steps*r.batch*width), grow(s.dU, n*width), grow(s.dBias, width)
	s.dh, s.dc, s.held = grow(s.dh, each), grow(s.dc, each), grow(s.held, each)
	clear(s.dh)
	clear(s.dc)
	clear(s.dBias)
	if r.candidate > 0 {
		s.dCandidate = grow(s.dCandidate, n)
		clear(s.dCandidate)
	}
	s.back.Set(true, width, n, in[r.u])
	for j := r.steps - 1; j >= 0; j-- {
		t := r.order(j)
		du := s.du[j*r.batch*width : (j+1)*r.batch*width]
		for b := range r.batch {
			of := func(x []T) []T { return x[b*n : (b+1)*n] }
			addTo(of(s.dh), grad[(b*r.steps+t)*n:][:n])
			row := du[b*width : (b+1)*width]
			at := da[(b*r.steps+t)*width:][:width]
			if r.mask > 0 && in[r.mask][b*r.steps+t] == 0 {
				clear(row)
				clear(at)
				continue
			}
			var c []T
			if s.memory != nil {
				c = of(s.memory[j*each:])
			}
			kept := s.kept[(j*r.batch+b)*r.kept*n:][:r.kept*n]
			s.rows.backward(at, row, kept, of(s.states[j*each:]), c, of(s.dh), of(s.dc), n)
			addTo(s.dBias, at)
			if r.candidate > 0 {
				addTo(s.dCandidate, row[width-n:])
			}
		}
		if j == 0 && r.h == 0 {
			break
		}
		if r.truncate > 0 && j%r.truncate == 0 && j > 0 {
			for b := range r.batch {
				if r.mask == 0 || in[r.mask][b*r.steps+t] != 0 { // padding is no step, and cuts nothing
					clear(s.dh[b*n : (b+1)*n])
					clear(s.dc[b*n : (b+1)*n])
				}
			}
			continue
		}
		if r.dropout == 0 {
			s.back.Multiply(r.batch, du, true, s.dh)
			continue
		}
		s.back.Multiply(r.batch, du, false, s.held)
		for i, m := range in[r.dropout] {
			s.dh[i] += s.held[i] * m
		}
	}
	first := 0 // a state of zeros gives U no gradient
	if r.h == 0 {
		first = 1
	}
	if first == r.steps {
		clear(s.dU)
		return
	}
	backend.Multiply(backend.Products{Count: 1, Rows: n, Inner: (r.steps - first) * r.batch, Cols: width, TransA: true},
		s.before[first*each:r.steps*each], s.du[first*r.batch*width:], s.dU)
}

// tiny is what gradients are taken for 0 below: numbers too small for a normal float32
// make processors many times slower.
const tiny = 1e-30

func flushed[T ops.Float](x T) T {
	if math.Abs(float64(x)) < tiny { // one comparison, which processors foresee
		return 0
	}
	return x
}
