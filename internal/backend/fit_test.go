package backend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/tensorzoo/tensorzoo/internal/gemm"
)

// BenchmarkFit measures products of the shapes that contractions are made of, for a
// minute on a machine that should do nothing else, and fits to them the weights of
// each kernel:
//
//	go test ./internal/backend -run '^$' -bench Fit -benchtime 1x -v -cpu 1
//	CGO_LDFLAGS=-lopenblas go test -tags openblas ./internal/backend -run '^$' -bench Fit -benchtime 1x -v -cpu 1
func BenchmarkFit(b *testing.B) {
	shapes := fitShapes(800)
	for _, k := range every() {
		rows, times := make([]terms, len(shapes)), make([]float64, len(shapes))
		for i, p := range shapes {
			rows[i], times[i] = k.terms(p), measure(p, k.multiply)
		}
		x := fit(rows, times)
		var off, worst, now float64
		fitted := &kernel{terms: k.terms, weights: x}
		for i, p := range shapes {
			r := math.Log(max(fitted.cost(p), 1) / times[i])
			off, worst = off+r*r, max(worst, math.Abs(r))
			r = math.Log(k.cost(p) / times[i])
			now += r * r
		}
		n := float64(len(rows))
		b.Logf("%s: root mean square %.0f %%, worst %.1f times; with the present weights %.0f %%\n%s",
			k.name, 100*math.Sqrt(off/n), math.Exp(worst), 100*math.Sqrt(now/n), weights(x))
	}
}

func weights(x terms) string {
	var b strings.Builder
	for _, w := range x {
		fmt.Fprintf(&b, "%.3g, ", w)
	}
	return b.String()
}

// fitShapes draws sizes that are long on one side as often as not.
func fitShapes(n int) []Products {
	rng := rand.New(rand.NewPCG(1, 1))
	size := func(most float64) int { return int(math.Exp(rng.Float64() * math.Log(most))) }
	var shapes []Products
	for len(shapes) < n {
		p := Products{Rows: size(2000), Cols: size(2000), Inner: size(2000), TransA: rng.IntN(2) == 0, TransB: rng.IntN(2) == 0}
		for _, s := range []*int{&p.Rows, &p.Inner} {
			if rng.IntN(5) == 0 {
				*s *= 20
			}
		}
		muls := p.Rows * p.Cols * p.Inner
		p.Count = max(1, min(1000, 1<<20/(p.Rows*p.Inner+p.Inner*p.Cols+p.Rows*p.Cols)))
		if rng.IntN(2) == 0 {
			p.Count = 1
		}
		p.StrideA, p.StrideC = p.Rows*p.Inner, p.Rows*p.Cols
		if muls >= 1<<6 && muls <= 1<<26 {
			shapes = append(shapes, p)
		}
	}
	return shapes
}

// measure returns the nanoseconds of one of the products, the least of a few tries.
func measure(p Products, multiply func(p Products, a, b, c []float32)) float64 {
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i%13) - 6
		}
		return x
	}
	a, b, c := random(p.Count*p.Rows*p.Inner), random(p.Inner*p.Cols), random(p.Count*p.Rows*p.Cols)
	best := math.Inf(1)
	for range 4 {
		runs, from := 0, time.Now()
		for time.Since(from) < 2*time.Millisecond {
			multiply(p, a, b, c)
			runs++
		}
		best = min(best, float64(time.Since(from).Nanoseconds())/float64(runs*p.Count))
	}
	return best
}

// fit minimises the relative errors of rows·x, with no weight below 0: the most
// negative one leaves until none is.
func fit(rows []terms, times []float64) (all terms) {
	var left []int
	for j := range all {
		if mean(rows, j) > 0 {
			left = append(left, j)
		}
	}
	for {
		a, b := mat.NewDense(len(rows), len(left), nil), mat.NewVecDense(len(rows), nil)
		for i, row := range rows {
			for j, at := range left {
				a.Set(i, j, row[at]/times[i])
			}
			b.SetVec(i, 1)
		}
		var x mat.VecDense
		if err := x.SolveVec(a, b); err != nil {
			panic(err)
		}
		least := 0
		for j := range left {
			if x.AtVec(j)*mean(rows, left[j]) < x.AtVec(least)*mean(rows, left[least]) {
				least = j
			}
		}
		if x.AtVec(least) >= 0 {
			for j, at := range left {
				all[at] = x.AtVec(j)
			}
			return all
		}
		left = append(left[:least], left[least+1:]...)
	}
}

func mean(rows []terms, j int) (sum float64) {
	for _, row := range rows {
		sum += row[j]
	}
	return sum / float64(len(rows))
}

// every returns the kernels of this build that this processor can run.
func every() []*kernel {
	all := []*kernel{plainGo}
	if gemm.AVX512.Available() {
		all = append(all, goAVX2)
	}
	for _, k := range kernels {
		if k != plainGo {
			all = append(all, k)
		}
	}
	return all
}
