package decomp_test

import (
	"encoding/json"
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// LowRank is the product of two thin matrices, A (N, r) and B (r, M):
//
//	W[a, i] = Σ_s A[a, s] B[s, i]
//
// Modes are multiplied together. N·r + r·M parameters.
type LowRank struct {
	Rank int `json:"rank"`
}

func init() { decomp.Register(LowRank{}) } // for specs, checkpoints and commands

// Name returns "low-rank".
func (LowRank) Name() string { return "low-rank" }

// Matrix lists A and B. A rank above N or M is an error.
func (f LowRank) Matrix(in, out []int) (*decomp.Matrix, error) {
	rows, cols := 1, 1
	for _, n := range in {
		rows *= n
	}
	for _, m := range out {
		cols *= m
	}
	if most := min(rows, cols); f.Rank < 1 || f.Rank > most {
		return nil, fmt.Errorf("low-rank: the rank is %d, but a matrix of %d by %d allows 1 to %d", f.Rank, rows, cols, most)
	}
	a := decomp.Leg{Kind: decomp.Input, Name: "a", Size: rows}
	i := decomp.Leg{Kind: decomp.Output, Name: "i", Size: cols}
	s := decomp.Leg{Kind: decomp.Rank, Name: "s", Size: f.Rank}
	return decomp.NewMatrix("low-rank", []decomp.Leg{a}, []decomp.Leg{i}, decomp.Network{
		{Name: "A", Legs: []decomp.Leg{a, s}},
		{Name: "B", Legs: []decomp.Leg{s, i}},
	})
}

// A format of one's own: it lists cores with named legs and has the product,
// its plan, the reconstruction and the initial values from the package.
func Example_newFormat() {
	m, err := LowRank{Rank: 4}.Matrix([]int{57600}, []int{1024})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Params(), "parameters")
	fmt.Print(m.Plan(decomp.PlanOptions{Rows: 96}))

	// A small one in a graph: y = x·A·B.
	m, err = LowRank{Rank: 1}.Matrix([]int{3}, []int{2})
	if err != nil {
		log.Fatal(err)
	}
	a, b := []float64{1, 2, 3}, []float64{10, 20}
	w, err := m.Dense([][]float64{a, b})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("W is", w)
	g := G.NewGraph()
	input := func(name string, data []float64, shape ...int) *G.Node {
		return G.NewMatrix(g, tensor.Float64, G.WithName(name), G.WithShape(shape...),
			G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))))
	}
	x := input("x", []float64{1, 0, 0, 1, 1, 1}, 2, 3)
	y, err := m.Product(x, G.Nodes{input("A", a, 3, 1), input("B", b, 1, 2)}, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := G.NewTapeMachine(g).RunAll(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("y is", y.Value().Data())

	_, err = LowRank{Rank: 3}.Matrix([]int{3}, []int{2})
	fmt.Println(err)

	// What a spec has as {"format": "low-rank", "rank": 8}:
	f, err := decomp.ParseFormat("low-rank", map[string]json.RawMessage{"rank": json.RawMessage("8")})
	fmt.Printf("%+v %v\n", f, err)
	// Output:
	// 234496 parameters
	// A  a:57600 -> s:4  230400 multiply-adds, 4 elements a row
	// B  s:4 -> i:1024  4096 multiply-adds, 1024 elements a row
	// W is [10 20 20 40 30 60]
	// y is [10 20 60 120]
	// low-rank: the rank is 3, but a matrix of 3 by 2 allows 1 to 2
	// {Rank:8} <nil>
}
