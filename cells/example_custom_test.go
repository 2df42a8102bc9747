package cells_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// minimalUnit is a cell that package cells doesn't have, the minimal gated unit
// of Zhou et al. (2016), with both of its weights as tensor trains:
//
//	f = σ(x·W_f + h·U_f)
//	g = tanh(x·W_g + (f ⊙ h)·U_g)
//	h' = (1-f) ⊙ h + f ⊙ g
type minimalUnit struct {
	wf, wg, uf, ug *decomp.Matrix
	nodes          map[*decomp.Matrix]G.Nodes
	all            G.Nodes
	err            error
}

func newMinimalUnit(g *G.ExprGraph, in, hidden []int, rank int) (*minimalUnit, error) {
	u := &minimalUnit{nodes: map[*decomp.Matrix]G.Nodes{}}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, m := range []struct {
		name string
		rows []int
		at   **decomp.Matrix
	}{{"wf", in, &u.wf}, {"wg", in, &u.wg}, {"uf", hidden, &u.uf}, {"ug", hidden, &u.ug}} {
		matrix, err := decomp.TT{Ranks: []int{rank}}.Matrix(m.rows, hidden)
		if err != nil {
			return nil, err
		}
		values := matrix.Init(rng, matrix.Glorot())
		for k, core := range matrix.Cores() {
			shape := core.Shape()
			n := G.NewTensor(g, tensor.Float64, len(shape), G.WithName(m.name+"."+core.Name), G.WithShape(shape...),
				G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values[k]))))
			u.nodes[matrix] = append(u.nodes[matrix], n)
			u.all = append(u.all, n)
		}
		*m.at = matrix
	}
	return u, nil
}

// times returns x·W without ever forming W.
func (u *minimalUnit) times(x *G.Node, w *decomp.Matrix) *G.Node {
	y, err := w.Product(x, u.nodes[w], nil)
	if err != nil {
		u.err = errors.Wrap(err, "minimal unit")
		return x
	}
	return y
}

func (u *minimalUnit) step(x, h *G.Node) (*G.Node, error) {
	f := u.times(x, u.wf)
	r := u.times(h, u.uf)
	if u.err != nil {
		return nil, u.err
	}
	f = G.Must(G.Sigmoid(G.Must(G.Add(f, r))))
	g := u.times(x, u.wg)
	r = u.times(G.Must(G.HadamardProd(f, h)), u.ug)
	if u.err != nil {
		return nil, u.err
	}
	g = G.Must(G.Tanh(G.Must(G.Add(g, r))))
	// h + f ⊙ (g-h)
	return G.Add(h, G.Must(G.HadamardProd(f, G.Must(G.Sub(g, h)))))
}

// A custom cell in a custom network: the last state of sequences of 3 steps of
// 12 values is trained towards a target.
func Example_customCell() {
	const batch, steps = 4, 3
	g := G.NewGraph()
	cell, err := newMinimalUnit(g, []int{4, 3}, []int{2, 2}, 2)
	if err != nil {
		log.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	matrix := func(name string, columns int, scale float64) *G.Node {
		values := make([]float64, batch*columns)
		for k := range values {
			values[k] = scale * (2*rng.Float64() - 1)
		}
		return G.NewMatrix(g, tensor.Float64, G.WithName(name), G.WithShape(batch, columns),
			G.WithValue(tensor.New(tensor.WithShape(batch, columns), tensor.WithBacking(values))))
	}
	h := matrix("h0", 4, 0)
	for t := range steps {
		if h, err = cell.step(matrix(fmt.Sprintf("x%d", t), 12, 1), h); err != nil {
			log.Fatal(err)
		}
	}
	wanted := matrix("wanted", 4, 0.5)
	loss := G.Must(G.Mean(G.Must(G.Square(G.Must(G.Sub(h, wanted))))))
	if _, err := G.Grad(loss, cell.all...); err != nil {
		log.Fatal(err)
	}
	var value G.Value
	G.Read(loss, &value)
	vm := G.NewTapeMachine(g, G.BindDualValues(cell.all...))
	defer vm.Close()
	solver := G.NewAdamSolver(G.WithLearnRate(0.02))
	first := 0.0
	for k := range 300 {
		if err := vm.RunAll(); err != nil {
			log.Fatal(err)
		}
		if k == 0 {
			first = value.Data().(float64)
		}
		if err := solver.Step(G.NodesToValueGrads(cell.all)); err != nil {
			log.Fatal(err)
		}
		vm.Reset()
	}
	fmt.Println("parameters:", cell.wf.Params()+cell.wg.Params()+cell.uf.Params()+cell.ug.Params())
	fmt.Println("the loss fell to less than a hundredth:", value.Data().(float64) < first/100)
	// Output:
	// parameters: 88
	// the loss fell to less than a hundredth: true
}
