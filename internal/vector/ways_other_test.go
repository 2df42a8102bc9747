//go:build !amd64 && !arm64

package vector

import "math"

func ways() []way { return []way{{"sigmoid", Sigmoid, logistic}, {"tanh", Tanh, math.Tanh}} }
