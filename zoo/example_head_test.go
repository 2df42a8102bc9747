package zoo_test

import (
	"fmt"
	"log"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// A head and a loss of your own on a model without a classifier: one number for a
// sequence, the mean of its values.
func ExampleNetwork_Layers() {
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "lstm", Format: decomp.TT{Ranks: []int{2}}, InModes: []int{2, 2}, OutModes: []int{2, 2},
	}, zoo.Options{Seed: 1}) // with zoo.Headless as Classes where the spec has some
	if err != nil {
		log.Fatal(err)
	}
	const batch, steps = 8, 3
	x := tensor.New(tensor.WithShape(batch, steps, 4), tensor.Of(tensor.Float32))
	means := tensor.New(tensor.WithShape(batch, 1), tensor.Of(tensor.Float32))
	for k := range batch * steps * 4 {
		v := float32(k*k%7-3) / 3
		x.Data().([]float32)[k] = v
		means.Data().([]float32)[k/(steps*4)] += v / (steps * 4)
	}
	weights := tensor.New(tensor.WithShape(4, 1), tensor.WithBacking([]float32{0.5, -0.5, 0.5, -0.5}))

	g := gorgonia.NewGraph()
	input := func(name string, value *tensor.Dense) *gorgonia.Node {
		n, err := graph.Input(g, name, tensor.Float32, value.Shape(), value)
		if err != nil {
			log.Fatal(err)
		}
		return n
	}
	net, err := m.Build(g, input("x", x), zoo.BuildOptions{Training: true})
	if err != nil {
		log.Fatal(err)
	}
	head := input("head", weights)
	difference := gorgonia.Must(gorgonia.Sub(gorgonia.Must(gorgonia.Mul(net.Last, head)), input("means", means)))
	cost, err := graph.SumAll(gorgonia.Must(gorgonia.HadamardProd(difference, difference)))
	if err != nil {
		log.Fatal(err)
	}
	learnables := append(net.Layers(), head)
	grads, err := graph.Grad(cost, learnables...)
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.Compile(gorgonia.Nodes{cost}, grads, learnables)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(0.01))
	for step := range 41 {
		if err := program.Run(); err != nil {
			log.Fatal(err)
		}
		if step%20 == 0 {
			value, err := program.Scalar(cost)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("step %d: cost %.2f\n", step, value)
		}
		if err := solver.Step(gorgonia.NodesToValueGrads(learnables)); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// step 0: cost 1.51
	// step 20: cost 0.04
	// step 40: cost 0.01
}

// Names and probabilities for logits of any graph: the mean of two answers.
func ExampleModel_Guesses() {
	m, err := zoo.New("tt-gru", zoo.Options{Classes: 2})
	if err != nil {
		log.Fatal(err)
	}
	m.ClassNames = []string{"walk", "run"}
	guesses, err := m.Guesses([]float32{0, 2, 0, 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range guesses {
		fmt.Printf("%s %.2f\n", g.Class, g.Probability)
	}
	// Output:
	// run 0.81
	// walk 0.19
}
