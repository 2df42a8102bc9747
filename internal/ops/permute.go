package ops

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// Walk is an order of a row-major tensor's axes: those of the result, outermost
// first, each with the distance in the source between neighbours. Axes that stay
// neighbours are one, axes of size 1 are none.
type Walk struct{ sizes, strides []int }

// NewWalk returns the walk along the axes perm of a tensor.
func NewWalk(shape, perm []int) Walk {
	strides := make([]int, len(shape))
	s := 1
	for k := len(shape) - 1; k >= 0; k-- {
		strides[k] = s
		s *= shape[k]
	}
	var w Walk
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

// straight reports whether the walk is along memory.
func (w Walk) straight() bool {
	return len(w.sizes) == 0 || len(w.sizes) == 1 && w.strides[0] == 1
}

// parallelFrom is the number of elements from which a second goroutine is worth its start.
const parallelFrom = 1 << 16

// Permute fills dst in order, reading src along the walk. Each goroutine fills
// its own part of the outermost axis.
func Permute[T Float](dst, src []T, w Walk) {
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

func permutePart[T Float](dst, src []T, sizes, strides []int) {
	switch n, s := sizes[0], strides[0]; {
	case len(sizes) == 1 && s == 1:
		copy(dst, src[:n])
	case len(sizes) == 1:
		for i := range dst {
			dst[i] = src[i*s]
		}
	case len(sizes) == 2 && sizes[1] == 4:
		fours(dst[:4*n], src[:(n-1)*s+3*strides[1]+1], s, strides[1])
	case len(sizes) == 2 && strides[1] != 1:
		m, t := sizes[1], strides[1]
		for i := range n {
			row, from := dst[i*m:(i+1)*m], src[i*s:]
			for j := range row {
				row[j] = from[j*t]
			}
		}
	case len(sizes) == 3 && sizes[2] == 4:
		m, t, u := sizes[1], strides[1], strides[2]
		for i := range n {
			fours(dst[4*m*i:][:4*m], src[i*s:][:(m-1)*t+3*u+1], t, u)
		}
	default:
		each := len(dst) / n
		for i := range n {
			permutePart(dst[i*each:(i+1)*each], src[i*s:], sizes[1:], strides[1:])
		}
	}
}

// fours fills dst with four elements of src after another, t apart, and s from those of the
// last four. Checks of each index would take half as long again; src has them all.
func fours[T Float](dst, src []T, s, t int) {
	const four = 4
	size := unsafe.Sizeof(dst[0])
	from := unsafe.Pointer(&src[0])
	at := func(k int) T { return *(*T)(unsafe.Add(from, uintptr(k)*size)) }
	for k := 0; k < len(dst); k += four {
		to := (*[four]T)(unsafe.Pointer(&dst[k]))
		if t == 1 {
			*to = *(*[four]T)(from)
		} else {
			to[0], to[1], to[2], to[3] = at(0), at(t), at(2*t), at(3*t)
		}
		if k+four < len(dst) {
			from = unsafe.Add(from, uintptr(s)*size)
		}
	}
}

// CopyRows copies rows of a width to where they are other distances apart.
func CopyRows[T Float](rows, width int, to []T, apart int, from []T, fromApart int) {
	for k := range rows {
		copy(to[k*apart:][:width], from[k*fromApart:])
	}
}

// packed returns src's elements in the order of the walk: where they lie in that
// order already src itself, otherwise a copy in the given memory, or in new.
func packed[T Float](memory *[]T, src []T, w Walk) []T {
	if w.straight() {
		return src
	}
	*memory = slices.Grow((*memory)[:0], len(src))[:len(src)]
	Permute(*memory, src, w)
	return *memory
}
