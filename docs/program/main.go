// A program outside tensorzoo: it puts a head and a loss of its own on a model of the
// zoo, and adds a cell and a format of its own. Given a folder, it saves a model there.
package main

import (
	"context"
	"embed"
	"fmt"
	"log"
	"os"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

//go:embed model
var models embed.FS // what an earlier `go run . model` saved

// minGRU has gates that do not read the state (arXiv 2410.01201).
type minGRU struct{}

func (minGRU) Name() string { return "min-gru" }
func (minGRU) InputGated()  {}
func (minGRU) Gates() []cells.Gate {
	return []cells.Gate{{Name: "update gate", High: 1}, {Name: cells.Candidate}}
}

func (minGRU) Step(a, _ *gorgonia.Node, s cells.State) (cells.State, gorgonia.Nodes, error) {
	var e graph.Equations
	gates := e.Split(a, 2)
	z, candidate := e.Sigmoid(gates[0]), gates[1]
	h := e.Add(s.H, e.Mul(z, e.Sub(candidate, s.H))) // (1-z) ⊙ h + z ⊙ candidate
	return cells.State{H: h}, gorgonia.Nodes{z, candidate}, e.Err()
}

// lowRank is the product of two thin matrices.
type lowRank struct {
	Rank int `json:"rank"`
}

func (lowRank) Name() string { return "low-rank" }

func (f lowRank) Matrix(in, out []int) (*decomp.Matrix, error) {
	a := decomp.Leg{Kind: decomp.Input, Name: "a", Size: tensor.Shape(in).TotalSize()}
	i := decomp.Leg{Kind: decomp.Output, Name: "i", Size: tensor.Shape(out).TotalSize()}
	r := decomp.Leg{Kind: decomp.Rank, Name: "r", Size: f.Rank}
	return decomp.NewMatrix("low-rank", []decomp.Leg{a}, []decomp.Leg{i}, decomp.Network{
		{Name: "A", Legs: []decomp.Leg{a, r}}, {Name: "B", Legs: []decomp.Leg{r, i}},
	})
}

func main() {
	cells.Register(minGRU{})
	decomp.Register(lowRank{})
	ownHead()
	ownCell()
}

// ownHead trains ht-lstm, without its classifier, to tell the mean of a clip's values.
func ownHead() {
	const clips, steps = 4, 2
	m := must(zoo.New("ht-lstm", zoo.Options{Classes: zoo.Headless, Seed: 1}))
	x := tensor.New(tensor.WithShape(clips, steps, m.Features()), tensor.Of(tensor.Float32))
	mean := tensor.New(tensor.WithBacking([]float32{-1, -0.5, 0.5, 1}), tensor.WithShape(clips, 1))
	for k, values := 0, x.Data().([]float32); k < len(values); k++ {
		values[k] = mean.Data().([]float32)[k/(steps*m.Features())] + float32(k%7-3)/3
	}
	g := gorgonia.NewGraph()
	input := func(name string, v *tensor.Dense) *gorgonia.Node {
		return must(graph.Input(g, name, tensor.Float32, v.Shape(), v))
	}
	net := must(m.Build(g, input("x", x), zoo.BuildOptions{Training: true}))
	head := input("head", tensor.New(tensor.WithShape(256, 1), tensor.WithBacking(make([]float32, 256))))
	loss := must(graph.MeanSquare(must(gorgonia.Mul(net.Last, head)), input("mean", mean)))
	learnables := append(net.Layers(), head)
	program := must(graph.Compile(gorgonia.Nodes{loss}, must(graph.Grad(loss, learnables...)), learnables))
	solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(3e-3))
	for step := range 31 {
		must(0, program.Run())
		if step%10 == 0 {
			fmt.Printf("ht-lstm, step %2d: mean square %.4f\n", step, must(program.Scalar(loss)))
		}
		must(0, solver.Step(gorgonia.NodesToValueGrads(learnables)))
	}
}

// ownCell trains minGRU with low-rank weights on sequences that rise or fall, saves it,
// and answers with the model that the program carries.
func ownCell() {
	x, labels := make([]float32, 60*5*16), make([]int, 60)
	for k := range x {
		labels[k/80] = k / 80 % 2
		x[k] = float32(k / 16 % 5 * (1 - 2*labels[k/80]))
	}
	set := must(datasets.FromSlices(x, []int{60, 5, 16}, labels, nil, []string{"rise", "fall"}))
	spec := must(zoo.ParseSpec([]byte(`{"cell": "min-gru", "format": "low-rank", "rank": 3, "in_modes": [16], "out_modes": [12]}`)))
	m := must(zoo.FromSpec(spec, zoo.Options{Classes: 2, Seed: 1}))
	result := must(train.Run(context.Background(), m, set, train.Config{Epochs: 10, Batch: 16, LearningRate: 0.02, Seed: 1}))
	fmt.Printf("min-gru: accuracy %.2f on %d test clips\n", result.Test.Accuracy, result.Test.Clips)
	if len(os.Args) > 1 {
		must(0, m.Save(os.Args[1]))
	}
	carried := must(must(zoo.LoadFS(models, "model")).Predictor(1))
	fmt.Println("the model that was carried along:", must(carried.Classify(x[:80]))[0])
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
