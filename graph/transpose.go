package graph

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/ops"
)

// Transpose returns x with its axes in another order: axis k of the result is
// axis perm[k] of x. Upstream's is correct too, but walks an iterator element by
// element; this one copies runs. It returns an error when perm is not a
// permutation of x's axes.
func Transpose(x *G.Node, perm ...int) (*G.Node, error) {
	if !isPermutation(perm, x.Dims()) {
		return nil, errors.Errorf("graph: %v is not a permutation of the axes of shape %v", perm, x.Shape())
	}
	shape := make(tensor.Shape, len(perm))
	inverse := make([]int, len(perm))
	identity := true
	for k, p := range perm {
		shape[k], inverse[p] = x.Shape()[p], k
		identity = identity && k == p
	}
	if identity {
		return x, nil
	}
	w := planWalk(x.Shape(), perm)
	return ops.Apply(&ops.Op{
		Name:  fmt.Sprintf("transpose %v", perm),
		Shape: shape,
		F32:   func(out []float32, in [][]float32) { permute(out, in[0], w) },
		F64:   func(out []float64, in [][]float64) { permute(out, in[0], w) },
		WRT:   []bool{true},
		Diff: func(_ G.Nodes, grad *G.Node) (G.Nodes, error) {
			g, err := Transpose(grad, inverse...)
			return G.Nodes{g}, err
		},
	}, x)
}

func isPermutation(perm []int, n int) bool {
	seen := make([]bool, n)
	for _, p := range perm {
		if p < 0 || p >= n || seen[p] {
			return false
		}
		seen[p] = true
	}
	return len(perm) == n
}

// walk lists the axes of the result, outermost first, each with the distance
// in the source between neighbours. Axes that stay neighbours are one, axes of
// size 1 are none.
type walk struct{ sizes, strides []int }

func planWalk(shape tensor.Shape, perm []int) walk {
	strides := make([]int, len(shape))
	s := 1
	for k := len(shape) - 1; k >= 0; k-- {
		strides[k] = s
		s *= shape[k]
	}
	var w walk
	for _, p := range perm {
		if shape[p] == 1 {
			continue
		}
		if last := len(w.sizes) - 1; last >= 0 && w.strides[last] == strides[p]*shape[p] {
			w.sizes[last] *= shape[p]
			w.strides[last] = strides[p]
			continue
		}
		w.sizes = append(w.sizes, shape[p])
		w.strides = append(w.strides, strides[p])
	}
	return w
}

// parallelFrom is the number of elements from which a second goroutine is
// worth its start.
const parallelFrom = 1 << 16

// permute fills dst in order, reading src along the walk. Each goroutine fills
// its own part of the outermost axis.
func permute[T ops.Float](dst, src []T, w walk) {
	if len(w.sizes) == 0 {
		copy(dst, src)
		return
	}
	workers := min(runtime.GOMAXPROCS(0), w.sizes[0])
	if len(dst) < parallelFrom || workers < 2 {
		permutePart(dst, src, w.sizes, w.strides)
		return
	}
	each := len(dst) / w.sizes[0]
	var wg sync.WaitGroup
	for k := range workers {
		lo, hi := k*w.sizes[0]/workers, (k+1)*w.sizes[0]/workers
		sizes := append([]int{hi - lo}, w.sizes[1:]...)
		wg.Go(func() { permutePart(dst[lo*each:hi*each], src[lo*w.strides[0]:], sizes, w.strides) })
	}
	wg.Wait()
}

func permutePart[T ops.Float](dst, src []T, sizes, strides []int) {
	switch n, s := sizes[0], strides[0]; {
	case len(sizes) == 1 && s == 1:
		copy(dst, src[:n])
	case len(sizes) == 1:
		for i := range dst {
			dst[i] = src[i*s]
		}
	case len(sizes) == 2 && strides[1] != 1:
		m, t := sizes[1], strides[1]
		for i := range n {
			row, from := dst[i*m:(i+1)*m], src[i*s:]
			for j := range row {
				row[j] = from[j*t]
			}
		}
	default:
		each := len(dst) / n
		for i := range n {
			permutePart(dst[i*each:(i+1)*each], src[i*s:], sizes[1:], strides[1:])
		}
	}
}
