package zoo

import (
	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
)

// Weights is a matrix of a recurrent layer as a tensor network.
type Weights struct {
	Layer  int        // 1 is the first
	Role   cells.Role // InputToHidden, HiddenToHidden or Joint
	Matrix *decomp.Matrix
}

// Weights lists the matrices of the spec's layers, input-to-hidden before
// hidden-to-hidden, or the one that is both, with the gates folded in. Both directions of
// a bidirectional layer have the same networks, listed once. It returns an error when
// FromSpec does.
func (s Spec) Weights() ([]Weights, error) {
	stack, err := s.stack()
	if err != nil {
		return nil, err
	}
	return weightsOf(stack), nil
}

func weightsOf(stack *cells.Stack) []Weights {
	var list []Weights
	for k := range stack.Layers() {
		if joint := stack.JointMatrix(k); joint != nil {
			list = append(list, Weights{k + 1, cells.Joint, joint})
			continue
		}
		list = append(list, Weights{k + 1, cells.InputToHidden, stack.InputMatrix(k)})
		if u := stack.RecurrentMatrix(k); u != nil {
			list = append(list, Weights{k + 1, cells.HiddenToHidden, u})
		}
	}
	return list
}
