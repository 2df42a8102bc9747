package decomp_test

import (
	"slices"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// element evaluates one element of W by the format's defining formula, written
// out with loops over the rank indices and nothing from the package but the
// cores' shapes. a and i are 0-based.
type element func(cores []array, a, i []int) float64

type array struct {
	shape []int
	data  []float64
}

func (x array) at(index ...int) float64 {
	o := 0
	for k, s := range x.shape {
		o = o*s + index[k]
	}
	return x.data[o]
}

// chain multiplies matrices M_k[p, q] = core k at the k-th mode.
func chain(n int, sizes func(k int) (int, int), at func(k, p, q int) float64) [][]float64 {
	var m [][]float64
	for k := range n {
		rows, cols := sizes(k)
		next := make([][]float64, rows)
		for p := range next {
			next[p] = make([]float64, cols)
			for q := range next[p] {
				next[p][q] = at(k, p, q)
			}
		}
		if m == nil {
			m = next
			continue
		}
		product := make([][]float64, len(m))
		for r := range m {
			product[r] = make([]float64, cols)
			for p := range next {
				for q := range next[p] {
					product[r][q] += m[r][p] * next[p][q]
				}
			}
		}
		m = product
	}
	return m
}

func ttElement(cores []array, a, i []int) float64 {
	m := chain(len(cores),
		func(k int) (int, int) { return cores[k].shape[0], cores[k].shape[3] },
		func(k, p, q int) float64 { return cores[k].at(p, a[k], i[k], q) })
	return m[0][0]
}

func trElement(cores []array, a, i []int) float64 {
	mode := slices.Concat(a, i)
	m := chain(len(cores),
		func(k int) (int, int) { return cores[k].shape[0], cores[k].shape[2] },
		func(k, p, q int) float64 { return cores[k].at(p, mode[k], q) })
	trace := 0.0
	for p := range m {
		trace += m[p][p]
	}
	return trace
}

func btElement(cores []array, a, i []int) float64 {
	d := len(a)
	sum := 0.0
	for b := 0; b < len(cores); b += d + 1 {
		eachIndex(cores[b].shape, func(r []int) {
			term := cores[b].at(r...)
			for k := range d {
				term *= cores[b+1+k].at(a[k], i[k], r[k])
			}
			sum += term
		})
	}
	return sum
}

// htElement follows the recursion over the tree; node returns U_t[a_t, i_t, :].
func htElement(tree *decomp.Tree, name func(t *decomp.Tree) int) element {
	return func(cores []array, a, i []int) float64 {
		var node func(t *decomp.Tree) []float64
		node = func(t *decomp.Tree) []float64 {
			c := cores[name(t)]
			u := make([]float64, c.shape[2])
			if t.Mode != 0 {
				for s := range u {
					u[s] = c.at(a[t.Mode-1], i[t.Mode-1], s)
				}
				return u
			}
			left, right := node(t.Left), node(t.Right)
			for p, l := range left {
				for q, r := range right {
					for s := range u {
						u[s] += l * r * c.at(p, q, s)
					}
				}
			}
			return u
		}
		sum := 0.0
		for _, v := range node(tree) {
			sum += v
		}
		return sum
	}
}

func eachIndex(shape []int, visit func(index []int)) {
	index := make([]int, len(shape))
	for {
		visit(index)
		k := len(shape) - 1
		for ; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
		if k < 0 {
			return
		}
	}
}
