package train

import "math"

// globalNorm returns the length of all gradients as one vector.
func globalNorm(grads [][]float32) float64 {
	sum := 0.0
	for _, grad := range grads {
		for _, g := range grad {
			sum += float64(g) * float64(g)
		}
	}
	return math.Sqrt(sum)
}

// clipGradients scales all gradients, of the given norm, by one factor when that
// is above limit (Pascanu et al. 2013); 0 means no limit.
func clipGradients(grads [][]float32, norm, limit float64) {
	if limit == 0 || !(norm > limit) {
		return
	}
	scaleGradients(grads, float32(limit/norm))
}

func scaleGradients(grads [][]float32, scale float32) {
	for _, grad := range grads {
		for j := range grad {
			grad[j] *= scale
		}
	}
}

// addPenalty adds the gradient of l2 times the sum of the squared weights.
func addPenalty(grad, weights []float32, l2 float64) {
	twice := float32(2 * l2)
	for k, w := range weights {
		grad[k] += float32(twice * w) // not fused, for the same bits on all processors
	}
}
