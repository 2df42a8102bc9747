package vector

import "math"

func ways() []way { return []way{{"sigmoid NEON", Sigmoid, logistic}, {"tanh NEON", Tanh, math.Tanh}} }
