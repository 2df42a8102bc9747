package preprocess

import "math"

// Even lists which of n steps are read when they are taken at equal distances, from
// the first to the last: all where there are no more than Steps.
func (s Sampling) Even(n int) []int {
	most := s.Steps
	if most == AllSteps {
		most = n
	}
	taken := make([]int, min(n, most))
	for k := range taken {
		taken[k] = int(math.Round(float64(k) * float64(n-1) / math.Max(1, float64(len(taken)-1))))
	}
	return taken
}
