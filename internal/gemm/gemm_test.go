//go:build linux

package gemm

import (
	"math"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// guarded returns n floats with pages on both sides that nobody may touch: the
// floats end where the second begins, or with front set begin where the first
// ends.
func guarded(t *testing.T, n int, front bool) []float32 {
	page := os.Getpagesize()
	inside := (4*n + page - 1) / page * page
	mem, err := syscall.Mmap(-1, 0, inside+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Munmap(mem)) })
	require.NoError(t, syscall.Mprotect(mem[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(mem[page+inside:], syscall.PROT_NONE))
	from := page + inside - 4*n
	if front {
		from = page
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[from])), n)
}

// Sizes around those of tiles, panels and blocks, every transposition, with and
// without room between rows, against three loops; nothing beside the matrices is
// read or written.
func TestMultiply(t *testing.T) { each(t, testMultiply) }

// each runs a test of every kernel that this processor can run.
func each(t *testing.T, test func(*testing.T, Kernel)) {
	for kernel, name := range []string{"AVX2", "AVX512", "NEON"} {
		t.Run(name, func(t *testing.T) {
			if !Kernel(kernel).Available() {
				t.Skip("this processor has no " + name)
			}
			test(t, Kernel(kernel))
		})
	}
}

func testMultiply(t *testing.T, kernel Kernel) {
	rng := rand.New(rand.NewPCG(1, 2))
	small := []int{1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 72}
	long := []int{119, 120, 121, 255, 256, 257, 511, 512, 513, 600, 2049}
	rounds, most := 4, 1<<21
	if testing.Short() { // on an emulated processor
		rounds, most = 1, 1<<18
	}
	for i := range rounds * len(small) * len(small) {
		m, n, k := small[i%len(small)], small[i/len(small)%len(small)], small[rng.IntN(len(small))]
		for _, s := range []*int{&m, &n, &k} {
			if rng.IntN(6) == 0 {
				*s = long[rng.IntN(len(long))]
			}
		}
		if m*n*k > most {
			continue
		}
		ta, tb, add := rng.IntN(2) == 0, rng.IntN(2) == 0, rng.IntN(2) == 0
		checkOne(t, kernel, rng, m, n, k, ta, tb, add)
	}
}

func checkOne(t *testing.T, kernel Kernel, rng *rand.Rand, m, n, k int, ta, tb, add bool) {
	ar, ac, br, bc := m, k, k, n
	if ta {
		ar, ac = k, m
	}
	if tb {
		br, bc = n, k
	}
	room := func() int { return rng.IntN(2) * rng.IntN(3) }
	lda, ldb, ldc := ac+room(), bc+room(), n+room()
	front := rng.IntN(2) == 0
	fill := func(rows, cols, ld int) []float32 {
		x := guarded(t, (rows-1)*ld+cols, front)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	a, b, c := fill(ar, ac, lda), fill(br, bc, ldb), fill(m, n, ldc)
	before := append([]float32(nil), c...)
	kernel.Multiply(ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc)
	rows, columns := lines(a, lda, m, k, ta), lines(b, ldb, n, k, !tb)
	for i := range m {
		for j := range ldc {
			at := i*ldc + j
			if at >= len(c) {
				break
			}
			if j >= n {
				if c[at] != before[at] {
					t.Fatalf("wrote %g over %g between rows", c[at], before[at])
				}
				continue
			}
			sum, size := 0.0, 1.0
			column := columns[j]
			for p, x := range rows[i] {
				product := x * column[p]
				sum += product
				size += math.Abs(product)
			}
			if add {
				sum += float64(before[at])
			}
			if off := math.Abs(sum - float64(c[at])); !(off <= 1e-6*size) {
				t.Fatalf("(%d,%d)·(%d,%d) A' %t B' %t add %t at %d, %d: off by %g", m, k, k, n, ta, tb, add, i, j, off)
			}
		}
	}
}

// lines returns n rows of x, or columns if across, of k numbers each.
func lines(x []float32, ld, n, k int, across bool) [][]float64 {
	step, next := 1, ld
	if across {
		step, next = ld, 1
	}
	to := make([][]float64, n)
	for i := range to {
		to[i] = make([]float64, k)
		for p := range to[i] {
			to[i][p] = float64(x[i*next+p*step])
		}
	}
	return to
}

// NaN and Inf are not lost where the other factor is 0.
func TestNaN(t *testing.T) { each(t, testNaN) }

func testNaN(t *testing.T, kernel Kernel) {
	c := make([]float32, 1)
	kernel.Multiply(false, false, 1, 1, 2, []float32{0, 1}, 2, []float32{float32(math.NaN()), 1}, 1, false, c, 1)
	require.True(t, math.IsNaN(float64(c[0])))
	kernel.Multiply(false, false, 1, 1, 2, []float32{0, 1}, 2, []float32{float32(math.Inf(1)), 1}, 1, false, c, 1)
	require.True(t, math.IsNaN(float64(c[0])))
}

func TestShortSlices(t *testing.T) { each(t, testShortSlices) }

func testShortSlices(t *testing.T, kernel Kernel) {
	x := make([]float32, 6)
	require.Panics(t, func() { kernel.Multiply(false, false, 2, 3, 3, x[:5], 3, make([]float32, 9), 3, false, x, 3) })
	require.Panics(t, func() { kernel.Multiply(false, false, 2, 3, 3, x, 3, make([]float32, 8), 3, false, x, 3) })
	require.Panics(t, func() { kernel.Multiply(false, false, 2, 3, 3, x, 3, make([]float32, 9), 3, false, x[:5], 3) })
	require.Panics(t, func() { kernel.Multiply(true, false, 2, 3, 3, x, 1, make([]float32, 9), 3, false, x, 3) })
}
