package decomp

import "github.com/tensorzoo/tensorzoo/internal/dims"

// Dense is the baseline, the matrix itself in one core (N, M):
//
//	W[a, i] = W[a, i]
//
// Modes are multiplied together.
type Dense struct{}

// Name returns "dense".
func (Dense) Name() string { return "dense" }

// Matrix returns the one-core network.
func (Dense) Matrix(in, out []int) (*Matrix, error) {
	if _, err := newModes("Dense", in, out, false); err != nil {
		return nil, err
	}
	a, i := legs(Input, "a", 1, []int{dims.Size(in)}), legs(Output, "i", 1, []int{dims.Size(out)})
	return NewMatrix("Dense", a, i, Network{{Name: "W", Legs: []Leg{a[0], i[0]}}})
}
