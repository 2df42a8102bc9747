package decomp_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// The papers' HT-LSTM: 57,600 inputs into four gates of 256 units.
func ExampleHT() {
	m, err := decomp.HT{Leaf: []int{4}, Inner: []int{5}}.Matrix([]int{8, 10, 10, 9, 8}, []int{16, 4, 2, 4, 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Rows(), m.Cols(), m.Params())
	// Output: 57600 1024 1245
}

// The same matrix in the other formats.
func ExampleFormat() {
	for _, c := range []struct {
		f       decomp.Format
		in, out []int
	}{
		{decomp.TT{Ranks: []int{4}}, []int{8, 20, 20, 18}, []int{16, 4, 4, 4}},
		{decomp.TR{Ranks: []int{10, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}}, []int{4, 2, 5, 8, 6, 5, 3, 2}, []int{16, 4, 2, 4, 2}},
		{decomp.BT{Blocks: 2, Ranks: []int{4}}, []int{8, 20, 20, 18}, []int{16, 4, 4, 4}},
	} {
		m, err := c.f.Matrix(c.in, c.out)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.f.Name(), m.Params())
	}
	// Output:
	// tt 3360
	// tr 1725
	// bt 3392
}

// Initial cores and the matrix they stand for.
func ExampleMatrix_Dense() {
	m, err := decomp.TT{Ranks: []int{1}}.Matrix([]int{2, 2}, []int{1, 2})
	if err != nil {
		log.Fatal(err)
	}
	values := m.Init(rand.New(rand.NewPCG(1, 1)), m.Glorot())
	fmt.Println("cores of", len(values[0]), "and", len(values[1]), "values")
	w, err := m.Dense([][]float64{{1, 10}, {1, 2, 3, 4}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w)
	// Output:
	// cores of 2 and 4 values
	// [1 2 3 4 10 20 30 40]
}
