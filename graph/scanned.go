package graph

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// scan is a recurrence at work. Its node holds, for each step, the states and what else
// the step returns side by side: (batch, steps, width).
type scan struct {
	Recurrence
	batch, steps int
	widths       []int // of the states, then of what else there is
	width        int   // their sum
	forward      *stepProgram
	backward     *stepProgram // nil without a gradient
	y            *G.Node
	back         *scanBack
}

// stepProgram computes one step. What it makes is handed on the moment it is there.
type stepProgram struct {
	program *Program
	x       G.Nodes // inputs with memory of their own
	state   G.Nodes
	shared  G.Nodes // inputs that are given the operands' memory
	grads   G.Nodes // of the results, inputs of the program of the gradient
	results G.Nodes
	reached []bool // by operand, whether a result has a gradient with respect to it

	take32 func(k int, value []float32)
	take64 func(k int, value []float64)
}

// build compiles a step and its gradient. The latter cannot wait until it is asked for:
// Grad is under way then, and works on one graph at a time.
func (s *scan) build() (err error) {
	if s.forward, err = s.compile(false); err != nil {
		return err
	}
	if !s.Forward {
		if s.backward, err = s.compile(true); err != nil {
			return err
		}
	}
	for _, n := range s.forward.results {
		s.widths = append(s.widths, n.Shape()[1])
		s.width += n.Shape()[1]
	}
	return nil
}

// compile builds the program of a step, or of its gradient with respect to the operands
// that have one.
func (s *scan) compile(back bool) (*stepProgram, error) {
	g, p := G.NewGraph(), &stepProgram{}
	var e Equations
	inputs := func(name string, like G.Nodes, own bool, axes ...int) (nodes G.Nodes) {
		for k, n := range like {
			shape := n.Shape().Clone()
			for _, a := range axes {
				shape = slices.Delete(shape, a, a+1)
			}
			var memory tensor.Tensor
			if own {
				memory = tensor.New(tensor.Of(n.Dtype()), tensor.WithShape(shape...))
			}
			nodes = append(nodes, e.Do(func() (*G.Node, error) {
				return Input(g, fmt.Sprint(name, k), n.Dtype(), shape, memory)
			}))
		}
		return nodes
	}
	p.x, p.state, p.shared = inputs("x", s.X, true, 1), inputs("state", s.State, true), inputs("shared", s.Shared, false)
	if e.Err() != nil {
		return nil, e.Err()
	}
	next, out, err := s.step(p.x, p.state, p.shared)
	if err != nil {
		return nil, err
	}
	p.results = slices.Concat(next, out)
	operands := slices.Concat(p.x, p.state, p.shared)
	below := differentiable(p.results)
	for _, n := range operands {
		p.reached = append(p.reached, below[n])
	}
	if !back {
		p.program, err = p.handingOn(p.results)
		return p, err
	}
	p.grads = inputs("gradient", p.results, true)
	var seeds, asked G.Nodes
	for k, n := range p.results {
		seeds = append(seeds, e.Binary(seed, n, p.grads[k]))
	}
	loss := e.Unary(SumAll, e.Do(func() (*G.Node, error) { return Concat(0, seeds...) }))
	for k, n := range operands {
		if p.reached[k] {
			asked = append(asked, n)
		}
	}
	if e.Err() != nil || len(asked) == 0 {
		return p, e.Err()
	}
	grads, err := Grad(loss, asked...)
	if err != nil {
		return nil, errors.WithMessage(err, "graph: the Step of a recurrence")
	}
	p.program, err = p.handingOn(grads)
	return p, err
}

// differentiable returns the nodes with respect to which one of the results has a gradient.
func differentiable(results G.Nodes) map[*G.Node]bool {
	below := map[*G.Node]bool{}
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if below[n] {
			return
		}
		below[n] = true
		op, ok := n.Op().(G.SDOp)
		if !ok {
			return
		}
		children := ops.Children(n)
		for k, has := range op.DiffWRT(len(children)) {
			if has {
				visit(children[k])
			}
		}
	}
	for _, n := range results {
		visit(n)
	}
	return below
}

// seed returns a node whose gradient with respect to x is the given one.
func seed(x, grad *G.Node) (*G.Node, error) {
	return ops.Apply(&ops.Op{
		Name:  "seed",
		Shape: tensor.Shape{1},
		F32:   func(out []float32, _ [][]float32) { clear(out) },
		F64:   func(out []float64, _ [][]float64) { clear(out) },
		Diff:  []ops.Gradient{func(in G.Nodes, _ *G.Node) (*G.Node, error) { return in[1], nil }},
	}, x, grad)
}

// handingOn compiles what computes nodes and hands the values on as they are made: their
// memory is used again.
func (p *stepProgram) handingOn(nodes G.Nodes) (*Program, error) {
	var ends G.Nodes
	for k, n := range nodes {
		end, err := ops.Apply(&ops.Op{
			Name:  fmt.Sprintf("hand on %d", k),
			Shape: tensor.Shape{1},
			F32:   func(_ []float32, in [][]float32) { p.take32(k, in[0]) },
			F64:   func(_ []float64, in [][]float64) { p.take64(k, in[0]) },
		}, n)
		if err != nil {
			return nil, err
		}
		ends = append(ends, end)
	}
	return Compile(ends, nil, nil)
}

// identity tells the step from every other: nodes merge by it.
func (p *stepProgram) identity() string {
	h, number, operands := fnv.New128a(), map[*G.Node]int{}, slices.Concat(p.x, p.state, p.shared)
	for k, n := range p.results[0].Graph().AllNodes() {
		number[n] = k
		fmt.Fprintln(h, k, describe(n), n.Type())
		if !slices.Contains(operands, n) {
			hashValue(h, n)
		}
		for _, child := range ops.Children(n) {
			fmt.Fprintln(h, number[child])
		}
	}
	for _, n := range p.results {
		fmt.Fprintln(h, number[n])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// hashValue writes the value of a constant, of which describe shows some digits only.
func hashValue(h hash.Hash, n *G.Node) {
	if len(ops.Children(n)) > 0 || n.Value() == nil {
		return
	}
	if t, ok := n.Value().(tensor.Tensor); ok {
		fmt.Fprintln(h, t.Strides())
	}
	fmt.Fprintln(h, n.Value().Data())
}

func (s *scan) name(what string) string {
	return fmt.Sprintf("%s of %d steps, reverse %t, cut %d, mask %t, forward %t, %s", what, s.steps, s.Reverse, s.Truncate, s.Mask != nil, s.Forward, s.forward.identity())
}

func (s *scan) op() *ops.Op {
	var failed error
	op := &ops.Op{
		Name:   s.name("scan"),
		Shape:  tensor.Shape{s.batch, s.steps, s.width},
		F32:    func(out []float32, in [][]float32) { failed = scanForward(s, out, in) },
		F64:    func(out []float64, in [][]float64) { failed = scanForward(s, out, in) },
		Failed: func() error { return failed },
	}
	for k := range s.operands() {
		var diff ops.Gradient
		if !s.Forward && s.hasGradient(k) {
			diff = func(in G.Nodes, grad *G.Node) (*G.Node, error) { return s.gradient(k, in, grad) }
		}
		op.Diff = append(op.Diff, diff)
	}
	return op
}

// hasGradient reports whether an operand has one: padding hands a state on even where Step
// does not read it.
func (s *scan) hasGradient(k int) bool {
	state := k >= len(s.X) && k < len(s.X)+len(s.State)
	return s.forward.reached[k] || state && s.Mask != nil
}

// scanBack is the gradient of a scan: the gradients of all operands in one vector.
type scanBack struct {
	of      *G.Node // the gradient of the scan's node
	node    *G.Node
	offsets []int // by operand, of its gradient in the vector
}

// gradient returns the gradient of an operand.
func (s *scan) gradient(k int, in G.Nodes, grad *G.Node) (*G.Node, error) {
	if s.back == nil || s.back.of != grad {
		back, err := s.differentiate(in, grad)
		if err != nil {
			return nil, err
		}
		s.back = back
	}
	var e Equations
	lo, shape := s.back.offsets[k], in[k].Shape()
	part := e.Do(func() (*G.Node, error) { return Slice(s.back.node, 0, lo, lo+shape.TotalSize()) })
	return e.Reshape(part, shape...), e.Err()
}

func (s *scan) differentiate(in G.Nodes, grad *G.Node) (*scanBack, error) {
	b := &scanBack{of: grad}
	size := 0
	for k, n := range s.operands() {
		b.offsets = append(b.offsets, size)
		if s.hasGradient(k) {
			size += n.Shape().TotalSize()
		}
	}
	var failed, err error
	none := func(G.Nodes, *G.Node) (*G.Node, error) {
		return nil, errors.New("graph: the gradient of a Scan has no gradient of its own; set Unroll for second derivatives")
	}
	b.node, err = ops.Apply(&ops.Op{
		Name:   s.name("scan gradient"),
		Shape:  tensor.Shape{size},
		F32:    func(out []float32, in [][]float32) { failed = scanBackward(s, b, out, in) },
		F64:    func(out []float64, in [][]float64) { failed = scanBackward(s, b, out, in) },
		Diff:   slices.Repeat([]ops.Gradient{none}, len(in)+2),
		Failed: func() error { return failed },
	}, append(slices.Clone(in), s.y, grad)...)
	return b, err
}

// take has what a step's program hands on go to f.
func take[T ops.Float](p *stepProgram, f func(k int, value []T)) {
	switch f := any(f).(type) {
	case func(int, []float32):
		p.take32 = f
	case func(int, []float64):
		p.take64 = f
	}
}

// memoryOf returns the memory of an input.
func memoryOf[T ops.Float](input *G.Node) []T { return input.Value().Data().([]T) }

// share gives the inputs that all steps read the operands' memory, with headers of
// their own.
func share[T ops.Float](p *stepProgram, shared [][]T) error {
	for k, n := range p.shared {
		if err := G.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(shared[k]))); err != nil {
			return errors.Wrap(err, "graph: scan")
		}
	}
	return nil
}

// enter gives a program the inputs of the step that comes j-th, and the state before it:
// the first one, or what stands in y.
func enter[T ops.Float](s *scan, p *stepProgram, in [][]T, y []T, j int) {
	t := s.order(j)
	for k, n := range p.x {
		w := n.Shape()[1]
		ops.CopyRows(s.batch, w, memoryOf[T](n), w, in[k][t*w:], s.steps*w)
	}
	at := 0
	for k, n := range p.state {
		w := n.Shape()[1]
		if j == 0 {
			copy(memoryOf[T](n), in[len(p.x)+k])
		} else {
			ops.CopyRows(s.batch, w, memoryOf[T](n), w, y[s.order(j-1)*s.width+at:], s.steps*s.width)
		}
		at += w
	}
}

// padding calls f with the sequences for which a step is padding.
func padding[T ops.Float](s *scan, in [][]T, t int, f func(b int)) {
	if s.Mask == nil {
		return
	}
	mask := in[len(s.operands())]
	for b := range s.batch {
		if mask[b*s.steps+t] == 0 {
			f(b)
		}
	}
}

func scanForward[T ops.Float](s *scan, y []T, in [][]T) error {
	p := s.forward
	if err := share(p, in[len(s.X)+len(s.State):]); err != nil {
		return err
	}
	for j := range s.steps {
		t := s.order(j)
		enter(s, p, in, y, j)
		take(p, func(k int, value []T) {
			at := t * s.width
			for _, w := range s.widths[:k] {
				at += w
			}
			ops.CopyRows(s.batch, s.widths[k], y[at:], s.steps*s.width, value, s.widths[k])
		})
		if err := p.program.Run(); err != nil {
			return err
		}
		padding(s, in, t, func(b int) {
			row := y[(b*s.steps+t)*s.width:]
			for k, n := range p.state {
				w := s.widths[k]
				copy(row[:w], memoryOf[T](n)[b*w:])
				row = row[w:]
			}
		})
	}
	return nil
}

// scanBackward goes through the steps from the last one that was taken to the first.
// Behind the operands of the scan, in has its result and the gradient of that.
func scanBackward[T ops.Float](s *scan, back *scanBack, out []T, in [][]T) error {
	p, y, grad := s.backward, in[len(in)-2], in[len(in)-1]
	if err := share(p, in[len(s.X)+len(s.State):]); err != nil {
		return err
	}
	clear(out)
	var carried, kept [][]T // the gradient of each state after a step, and of those that padding leaves alone
	for _, w := range s.widths[:len(s.State)] {
		carried, kept = append(carried, make([]T, s.batch*w)), append(kept, make([]T, s.batch*w))
	}
	blocks := make([][]T, 0, len(back.offsets)) // of the operands' gradients
	var asked []int                             // the operands that have one
	for k, lo := range back.offsets {
		blocks = append(blocks, out[lo:])
		if p.reached[k] {
			asked = append(asked, k)
		}
	}
	for j := s.steps - 1; j >= 0; j-- {
		t := s.order(j)
		enter(s, p, in, y, j)
		at := t * s.width
		for k, n := range p.grads {
			d, w := memoryOf[T](n), s.widths[k]
			ops.CopyRows(s.batch, w, d, w, grad[at:], s.steps*s.width)
			at += w
			if k < len(carried) {
				for i, v := range carried[k] {
					d[i] += v
				}
				clear(carried[k])
				clear(kept[k])
			}
		}
		padding(s, in, t, func(b int) {
			for k := range kept {
				w := s.widths[k]
				row := memoryOf[T](p.grads[k])[b*w : (b+1)*w]
				copy(kept[k][b*w:], row)
				clear(row)
			}
		})
		take(p, func(i int, value []T) {
			switch k := asked[i]; {
			case k < len(s.X):
				w := len(value) / s.batch
				ops.CopyRows(s.batch, w, blocks[k][t*w:], s.steps*w, value, w)
			case k < len(s.X)+len(s.State):
				copy(carried[k-len(s.X)], value)
			default:
				for i, v := range value {
					blocks[k][i] += v
				}
			}
		})
		if p.program != nil { // nil if padding alone has a gradient
			if err := p.program.Run(); err != nil {
				return err
			}
		}
		for k := range kept {
			if s.cut(j) {
				clear(carried[k])
			}
			for i, v := range kept[k] { // padding is no step, and cuts nothing
				carried[k][i] += v
			}
		}
	}
	for k, c := range carried {
		if o := len(s.X) + k; s.hasGradient(o) {
			copy(blocks[o], c)
		}
	}
	return nil
}
