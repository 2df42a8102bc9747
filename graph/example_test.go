package graph_test

import (
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
)

// The last axis of a meets the first of b, and the result has b's axis first.
func ExampleTensordot() {
	g := G.NewGraph()
	a, err := graph.Input(g, "a", tensor.Float64, tensor.Shape{2, 3}, tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6})))
	if err != nil {
		log.Fatal(err)
	}
	b, err := graph.Input(g, "b", tensor.Float64, tensor.Shape{3, 2}, tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{1, 0, 0, 1, 1, 1})))
	if err != nil {
		log.Fatal(err)
	}
	y, err := graph.Tensordot([]int{1}, []int{0}, a, b, 1, 0)
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.Compile(G.Nodes{y}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	if err := program.Run(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(program.Value(y).Data())
	// Output:
	// [4 10 5 11]
}

// A head reads as its equation: tanh(x·w + b).
func ExampleEquations() {
	g := G.NewGraph()
	var e graph.Equations
	input := func(name string, rows, cols int, values ...float64) *G.Node {
		value := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(values))
		return e.Do(func() (*G.Node, error) { return graph.Input(g, name, tensor.Float64, value.Shape(), value) })
	}
	x, w, b := input("x", 2, 2, 1, 0, 2, 1), input("w", 2, 1, 1, -2), input("b", 1, 1, -1)
	y := e.Tanh(e.AddRow(e.Binary(G.Mul, x, w), b))
	if e.Err() != nil {
		log.Fatal(e.Err())
	}
	program, err := graph.Compile(G.Nodes{y}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	if err := program.Run(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", program.Value(y).Data())
	var wrong graph.Equations
	y = wrong.Sigmoid(wrong.Reshape(x, 3))
	fmt.Println(y == nil, wrong.Err())
	// Output:
	// [0.000 -0.762]
	// true graph: cannot reshape (2, 2) (4 elements) to (3) (3 elements)
}

// A program computes a loss and its gradients as often as its inputs change.
func ExampleCompile() {
	g := G.NewGraph()
	w, err := graph.Input(g, "w", tensor.Float64, tensor.Shape{2}, tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1, -2})))
	if err != nil {
		log.Fatal(err)
	}
	target, err := graph.Input(g, "target", tensor.Float64, tensor.Shape{2}, nil)
	if err != nil {
		log.Fatal(err)
	}
	loss, err := graph.MeanSquare(w, target)
	if err != nil {
		log.Fatal(err)
	}
	grads, err := graph.Grad(loss, w)
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.Compile(G.Nodes{loss}, grads, G.Nodes{w})
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	for _, values := range [][]float64{{0, 0}, {1, 2}} {
		G.Let(target, tensor.New(tensor.WithShape(2), tensor.WithBacking(values)))
		if err := program.Run(); err != nil {
			log.Fatal(err)
		}
		value, _ := program.Scalar(loss)
		gradient, _ := w.Grad()
		fmt.Println(value, gradient.Data())
	}
	// Output:
	// 2.5 [1 -2]
	// 8 [0 -4]
}

// The second derivative of Σ w³ is 6w: the gradient of a gradient.
func ExampleGrad() {
	g := G.NewGraph()
	w, err := graph.Input(g, "w", tensor.Float64, tensor.Shape{2}, tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1, 2})))
	if err != nil {
		log.Fatal(err)
	}
	cube := G.Must(G.HadamardProd(w, G.Must(G.HadamardProd(w, w))))
	first, err := graph.Grad(G.Must(graph.SumAll(cube)), w)
	if err != nil {
		log.Fatal(err)
	}
	second, err := graph.Grad(G.Must(graph.SumAll(first[0])), w)
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.Compile(G.Nodes{first[0]}, second, G.Nodes{w})
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	if err := program.Run(); err != nil {
		log.Fatal(err)
	}
	gradient, _ := w.Grad()
	fmt.Println(program.Value(first[0]).Data(), gradient.Data())
	// Output:
	// [3 12] [6 12]
}

// A running mean that forgets, h' = h/2 + x/2, over three steps of two sequences, and its
// gradient.
func ExampleScan() {
	g := G.NewGraph()
	input := func(name string, values []float64, shape ...int) *G.Node {
		n, err := graph.Input(g, name, tensor.Float64, shape, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values)))
		if err != nil {
			log.Fatal(err)
		}
		return n
	}
	x, half := input("x", []float64{8, 4, 2, 0, 0, 16}, 2, 3, 1), input("half", []float64{0.5, 0.5}, 2, 1)
	s, err := graph.Scan(graph.Recurrence{
		X: G.Nodes{x}, State: G.Nodes{input("h", []float64{0, 0}, 2, 1)}, Shared: G.Nodes{half},
		Step: func(x, state, shared G.Nodes) (next, out G.Nodes, err error) {
			var e graph.Equations
			h := e.Mul(shared[0], e.Add(state[0], x[0]))
			return G.Nodes{h}, nil, e.Err()
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	loss, err := graph.SumAll(s.Last[0])
	if err != nil {
		log.Fatal(err)
	}
	grads, err := graph.Grad(loss, x)
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.Compile(G.Nodes{s.States[0], grads[0]}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := program.Run(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(program.Value(s.States[0]).Data())
	fmt.Println(program.Value(grads[0]).Data())
	// Output:
	// [4 4 3 0 0 8]
	// [0.125 0.25 0.5 0.125 0.25 0.5]
}
