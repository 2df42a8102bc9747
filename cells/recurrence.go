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
	reverse              bool
	memory, carried      bool // as in kernels
	truncate             int  // as in graph.Recurrence

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
	// the state. The next h is written to out as well. The row that comes next is fetched
	// ahead: its a and out are so many rows further.
	forward func(kept, a, bias, u, h, c, hNext, cNext, out []T, n, ahead int)
	// backward makes the gradients of a and u, which are one slice where they are equal,
	// and adds that of a to the bias's. grad is added to the gradient dh of the next h.
	// Those of the next state become those of the state, as far as they do not come from
	// u; dh is left alone where that is nothing, as kernels.carried says. The row that comes
	// next is the one before in kept, and so many rows further in da.
	backward func(da, du, kept, h, c, dh, grad, dc, dBias []T, n, ahead int)
}

// sweep is the memory of a recurrence. Steps come one after the other.
type sweep[T ops.Float] struct {
	rows    rows[T]
	forward backend.Fixed[T]

	product []T // (batch, gates·hidden): h·U
	kept    []T // (steps, batch, kept·hidden)
	h, next []T // (batch, hidden): the state before a step, and after it
	memory  []T // (steps+1, batch, hidden): c; nil without
	dropped []T // (batch, steps, hidden): what U reads, with dropout
}

// sweepBack is the memory of a gradient of a recurrence: each loss has one.
type sweepBack[T ops.Float] struct {
	*sweep[T]
	back  backend.Fixed[T]
	zeros []T // (hidden)

	du           []T // (batch, steps, gates·hidden), where it is not that of a
	first        []T // (batch, gates·hidden): of the first step
	dU, dBias    []T
	dCandidate   []T
	dh, dc, held []T // (batch, hidden)
}

// newRecurrence adds a recurrence to the graph.
func newRecurrence(cell string, k *kernels, of recurrenceOperands, steps int, reverse bool, truncate int) (*recurrence, error) {
	hidden := of.u.Shape()[0]
	gates := of.u.Shape()[1] / hidden
	r := &recurrence{cell: cell, hidden: hidden, steps: steps, gates: gates, kept: k.kept, reverse: reverse, truncate: truncate, memory: k.memory, carried: k.carried}
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

// ahead returns how many rows of (batch, steps) further than sequence b in the j-th step the
// row lies that comes after it, where sequences and steps are taken by by, 1 or -1.
func (r *recurrence) ahead(j, b, by int) int {
	if 0 <= b+by && b+by < r.batch {
		return by * r.steps
	}
	if j+by < 0 || j+by >= r.steps {
		return 0
	}
	return r.order(j+by) - r.order(j) - by*(r.batch-1)*r.steps
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
	s.product, s.kept, s.h, s.next = grow(s.product, r.batch*width), grow(s.kept, all*r.kept), grow(s.h, each), grow(s.next, each)
	if r.dropout > 0 {
		s.dropped = grow(s.dropped, all)
	}
	start := func(to []T, operand int) {
		clear(to)
		if operand > 0 {
			copy(to, in[operand])
		}
	}
	start(s.h, r.h)
	if r.memory {
		s.memory = grow(s.memory, all+each)
		start(s.memory[:each], r.c)
	}
	s.forward.Set(false, n, width, in[r.u])
	bias := in[r.bias]
	for j := range r.steps {
		t := r.order(j)
		read, apart := s.h, n
		if r.dropout > 0 {
			read, apart = s.dropped[t*n:], r.steps*n
			for b := range r.batch {
				for i, m := range in[r.dropout][b*n : (b+1)*n] {
					read[b*apart+i] = s.h[b*n+i] * m
				}
			}
		}
		s.forward.Multiply(r.batch, read, apart, false, s.product)
		for b := range r.batch {
			u := s.product[b*width : (b+1)*width]
			if r.candidate > 0 {
				addTo(u[width-n:], in[r.candidate])
			}
			row := b*r.steps + t
			of := func(x []T) []T { return x[b*n : (b+1)*n] }
			kept, to := s.kept[(j*r.batch+b)*r.kept*n:][:r.kept*n], out[row*n:][:n]
			var c, cNext []T
			if r.memory {
				c, cNext = of(s.memory[j*each:]), of(s.memory[(j+1)*each:])
			}
			if r.mask > 0 && in[r.mask][row] == 0 {
				copy(of(s.next), of(s.h))
				copy(to, of(s.h))
				copy(cNext, c)
				clear(kept)
				continue
			}
			s.rows.forward(kept, in[0][row*width:][:width], bias, u, of(s.h), c, of(s.next), cNext, to, n, r.ahead(j, b, 1))
		}
		s.h, s.next = s.next, s.h
	}
}

func addTo[T ops.Float](sum, x []T) {
	for i, v := range x {
		sum[i] += v
	}
}

// recurrenceBack makes the gradients of a recurrence.
type recurrenceBack struct {
	*recurrence
	of   *G.Node // the gradient of the states
	made *recurrenceGradient
}

// recurrenceGradient is a node with the gradient of a, which leaves those of the other
// operands in memory of its own.
type recurrenceGradient struct {
	node *G.Node
	f32  sweepBack[float32]
	f64  sweepBack[float64]
}

func noSecond(G.Nodes, *G.Node) (*G.Node, error) {
	return nil, errors.New("cells: the gradient of a recurrence that is one operation has none of its own; unroll it for second derivatives")
}

// projection returns the gradient of a.
func (b *recurrenceBack) projection(in G.Nodes, grad *G.Node) (*G.Node, error) {
	d, err := b.gradient(in, grad)
	if err != nil {
		return nil, err
	}
	return d.node, nil
}

func (b *recurrenceBack) gradient(in G.Nodes, grad *G.Node) (*recurrenceGradient, error) {
	if b.of == grad {
		return b.made, nil
	}
	r := b.recurrence
	part, lo, hi := grad, 0, r.steps
	if p, ok := ops.PutOf(grad); ok && p.Axis == 1 { // zeros but for some steps, such as the last
		part, lo, hi = p.Of, p.At, p.At+p.Of.Shape()[1]
	}
	inputs := append(append(G.Nodes{}, in...), r.node, part)
	diff := make([]ops.Gradient, len(inputs))
	for k := range diff {
		diff[k] = noSecond
	}
	d := &recurrenceGradient{f32: sweepBack[float32]{sweep: &r.f32}, f64: sweepBack[float64]{sweep: &r.f64}}
	node, err := ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("gradient of %s recurrence from steps %d to %d, reverse %t, operands %d %d %d %d %d", r.cell, lo, hi, r.reverse, r.h, r.c, r.mask, r.dropout, r.candidate),
		Shape: in[0].Shape(),
		F32:   func(out []float32, in [][]float32) { d.f32.run(r, lo, hi, out, in) },
		F64:   func(out []float64, in [][]float64) { d.f64.run(r, lo, hi, out, in) },
		Diff:  diff,
		Owner: d,
	}, inputs...)
	if err != nil {
		return nil, err
	}
	d = node.Op().(*ops.Op).Owner.(*recurrenceGradient) // that of an equal node, if there is one
	d.node = node
	b.of, b.made = grad, d
	return d, nil
}

// other returns the gradient of another operand.
func (b *recurrenceBack) other(k int, in G.Nodes, grad *G.Node) (*G.Node, error) {
	d, err := b.gradient(in, grad)
	if err != nil {
		return nil, err
	}
	r := b.recurrence
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("gradient of operand %d of a recurrence", k),
		Shape: in[k].Shape(),
		F32:   func(out []float32, _ [][]float32) { copy(out, d.f32.of(r, k)) },
		F64:   func(out []float64, _ [][]float64) { copy(out, d.f64.of(r, k)) },
		Diff:  []ops.Gradient{noSecond},
	}, d.node)
}

// of returns the gradient of an operand.
func (s *sweepBack[T]) of(r *recurrence, k int) []T {
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

// run goes through the steps from the last one that was taken to the first. The last
// of in is the gradient of the states after steps lo to hi; that of the others is zero.
func (s *sweepBack[T]) run(r *recurrence, lo, hi int, da []T, in [][]T) {
	n, width, out, grad := r.hidden, r.gates*r.hidden, in[len(in)-2], in[len(in)-1]
	each := r.batch * n
	s.dU, s.dBias, s.zeros = grow(s.dU, n*width), grow(s.dBias, width), grow(s.zeros, n)
	s.dh, s.dc, s.held = grow(s.dh, each), grow(s.dc, each), grow(s.held, each)
	clear(s.dh)
	clear(s.dc)
	clear(s.dBias)
	du := da
	if r.carried {
		s.du = grow(s.du, len(da))
		du = s.du
	}
	if r.candidate > 0 {
		s.dCandidate = grow(s.dCandidate, n)
		clear(s.dCandidate)
	}
	s.back.Set(true, width, n, in[r.u])
	stored := !r.carried && r.mask == 0 && r.dropout == 0 // nothing but the product is in dh
	for j := r.steps - 1; j >= 0; j-- {
		t := r.order(j)
		for b := r.batch - 1; b >= 0; b-- { // as the rows that were kept lie in memory
			of := func(x []T) []T { return x[b*n : (b+1)*n] }
			k := b*r.steps + t
			row, at, g := du[k*width:(k+1)*width], da[k*width:(k+1)*width], s.zeros
			if lo <= t && t < hi {
				g = grad[(b*(hi-lo)+t-lo)*n:][:n]
			}
			if r.mask > 0 && in[r.mask][k] == 0 {
				addTo(of(s.dh), g)
				clear(row)
				clear(at)
				continue
			}
			h := s.zeros
			if j > 0 {
				h = out[(b*r.steps+r.order(j-1))*n:][:n]
			} else if r.h > 0 {
				h = of(in[r.h])
			}
			var c []T
			if r.memory {
				c = of(s.memory[j*each:])
			}
			kept := s.kept[(j*r.batch+b)*r.kept*n:][:r.kept*n]
			s.rows.backward(at, row, kept, h, c, of(s.dh), g, of(s.dc), s.dBias, n, r.ahead(j, b, -1))
			if !r.carried && !stored {
				clear(of(s.dh))
			}
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
			s.back.Multiply(r.batch, du[t*width:], r.steps*width, !stored, s.dh)
			continue
		}
		s.back.Multiply(r.batch, du[t*width:], r.steps*width, false, s.held)
		for i, m := range in[r.dropout] {
			s.dh[i] += s.held[i] * m
		}
	}
	s.gradientOfU(r, du, out, in)
}

// gradientOfU is one product over all steps of what U read with the gradient du of what it
// gave.
func (s *sweepBack[T]) gradientOfU(r *recurrence, du, out []T, in [][]T) {
	n, width := r.hidden, r.gates*r.hidden
	product := func(rows int, read, du []T, add bool) {
		backend.Multiply(backend.Products{Count: 1, Rows: n, Inner: rows, Cols: width, TransA: true, Add: add}, read, du, s.dU)
	}
	if r.dropout > 0 {
		product(r.batch*r.steps, s.dropped, du, false)
		return
	}
	// U reads the state after the step before, which is one row away. Of the first step
	// that is another sequence's, and its gradient is put aside.
	s.first = grow(s.first, r.batch*width)
	first := func(b int) (at, aside []T) {
		return du[(b*r.steps+r.order(0))*width:][:width], s.first[b*width:][:width]
	}
	for b := range r.batch {
		at, aside := first(b)
		copy(aside, at)
		clear(at)
	}
	switch all := r.batch*r.steps - 1; {
	case r.steps == 1:
		clear(s.dU)
	case r.reverse:
		product(all, out[n:], du, false)
	default:
		product(all, out, du[width:], false)
	}
	if r.h > 0 {
		product(r.batch, in[r.h], s.first, true)
	}
	for b := range r.batch {
		at, aside := first(b)
		copy(at, aside)
	}
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
