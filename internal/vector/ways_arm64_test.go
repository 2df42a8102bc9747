package vector

import "math"

func ways() []way { return []way{{"sigmoid NEON", Sigmoid, logistic}, {"tanh NEON", Tanh, math.Tanh}} }

func waysOfAdam() []func(w, g, m, v *float32, n int, r *AdamRates) {
	return []func(w, g, m, v *float32, n int, r *AdamRates){adamNEON}
}
