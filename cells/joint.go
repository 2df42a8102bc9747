package cells

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// newJoint makes one network W of which W_x and W_h are blocks, so that
// [x; h]·W = x·W_x + h·W_h: the fully decomposed cell of FDHT-LSTM (arXiv
// 2104.05758) in any format. W has the input modes (n_1+s, n_2, .., n_d): n_1
// slabs for x, and s more with a corner for h.
//
//	W_x        a_1 < n_1,    a_k < n_k             n_1·n_2·…·n_d = features rows
//	W_h  n_1 <= a_1 < n_1+s, a_k < q_k <= n_k       s·q_2·…·q_d = hidden rows
//
// The rest of the s slabs is padding: rows of W that nothing reads.
func newJoint(l Layer, folded []int) (joint, input, recurrent *decomp.Matrix, err error) {
	f := orDense(l.Input)
	// The modes as the format has them: Dense multiplies them together.
	alone, err := f.Matrix(l.In, folded)
	if err != nil {
		return nil, nil, nil, err
	}
	n := decomp.Sizes(alone.In)
	q := stateModes(n, l.Hidden())
	padded := slices.Clone(n)
	padded[0] += q[0]
	if joint, err = f.Matrix(padded, folded); err != nil {
		return nil, nil, nil, errors.Wrapf(err, "with %s more for the state", modes(q))
	}
	xRows, hRows := make([]decomp.Range, len(n)), make([]decomp.Range, len(n))
	for k := range n {
		xRows[k], hRows[k] = decomp.Range{Hi: n[k]}, decomp.Range{Hi: q[k]}
	}
	hRows[0] = decomp.Range{Lo: n[0], Hi: n[0] + q[0]}
	if input, err = joint.Restrict(xRows); err != nil {
		return nil, nil, nil, err
	}
	recurrent, err = joint.Restrict(hRows)
	return joint, input, recurrent, err
}

// stateModes returns the sizes (s, q_2, .., q_d) of the state's block beside
// input modes n: q_k <= n_k, and their product is hidden. s is the smallest there
// is, the sum of the others is then the smallest, and of several such blocks it
// is the one with the larger q_2, then q_3, and so on. There always is one: s may
// be hidden itself.
func stateModes(n []int, hidden int) []int {
	var divisors []int
	for q := 1; q*q <= hidden; q++ {
		if hidden%q == 0 {
			divisors = append(divisors, q, hidden/q)
		}
	}
	slices.Sort(divisors)
	// best returns the sizes of modes k and beyond whose product is rest, and their sum; nil if there are none.
	type sizes struct {
		list []int
		sum  int
	}
	known := map[[2]int]sizes{{len(n), 1}: {list: []int{}}}
	var best func(k, rest int) sizes
	best = func(k, rest int) sizes {
		b, ok := known[[2]int{k, rest}]
		if ok || k == len(n) {
			return b
		}
		for _, q := range slices.Backward(divisors) {
			if q > n[k] || rest%q != 0 {
				continue
			}
			if r := best(k+1, rest/q); r.list != nil && (b.list == nil || q+r.sum < b.sum) {
				b = sizes{append([]int{q}, r.list...), q + r.sum}
			}
		}
		known[[2]int{k, rest}] = b
		return b
	}
	for _, s := range divisors {
		if b := best(1, hidden/s); b.list != nil {
			return append([]int{s}, b.list...)
		}
	}
	panic("cells: the last divisor is hidden itself")
}
