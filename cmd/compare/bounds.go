package main

import (
	"math"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// projection is what x·W costs in a format: measured by counting, or bounded.
type projection struct{ space, forward, backward float64 }

// bound is the complexity of x·W as the HT paper's table has it (Yin et al., arXiv
// 2005.04366), up to constants: of N values in and M out, d modes of at most n in
// and m out, and ranks of at most r. BT has one block here.
func (p point) bound(format string) projection {
	d, n, m, r := float64(p.modes), float64(p.in), float64(gates*p.out), float64(p.rank)
	N, M := power(p.in, p.modes), gates*power(p.out, p.modes)
	switch format {
	case "tt":
		return projection{d * m * n * r * r, d * m * r * r * N, d * d * m * math.Pow(r, 4) * N}
	case "tr":
		return projection{d * m * n * r * r, d*math.Pow(r, 3)*N + d*math.Pow(r, 3)*M, d*d*math.Pow(r, 5)*N + n*d*d*math.Pow(r, 5)*M}
	case "bt":
		core := math.Pow(r, d)
		return projection{d*m*n*r + core, d * m * core * N, d * d * m * core * N}
	default: // ht
		return projection{d*m*n*r + d*math.Pow(r, 3), d*m*r*r*N + d*math.Pow(r, 3)*N, d*d*m*math.Pow(r, 5)*N + d*d*math.Pow(r, 6)*N}
	}
}

// gates of an LSTM, which are folded into the first output mode.
const gates = 4

// planned is the projection as this program computes it: weights, and the
// multiply-adds a frame of the plan for so many frames and of its gradients.
func planned(w *decomp.Matrix, frames int) projection {
	plan := w.Plan(decomp.PlanOptions{Rows: frames})
	forward, _ := plan.MulAdds()
	return projection{float64(w.Params()), float64(forward), float64(plan.GradientMulAdds(false))}
}
