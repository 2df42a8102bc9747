//go:build !amd64 && !arm64

package vector

import "math"

func ways() []way { return []way{{"sigmoid", Sigmoid, logistic}, {"tanh", Tanh, math.Tanh}} }

func waysOfAdam() []func(w, g, m, v *float32, n int, r *AdamRates) { return nil }
