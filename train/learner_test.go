package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The gradient of the penalty against central differences of l2·Σw².
func TestPenaltysGradient(t *testing.T) {
	const l2, h = 0.3, 1e-4
	rng := rand.New(rand.NewPCG(1, 1))
	weights := make([]float32, 9)
	for k := range weights {
		weights[k] = float32(rng.NormFloat64())
	}
	penalty := func(at int, shift float64) float64 {
		sum := 0.0
		for k, w := range weights {
			v := float64(w)
			if k == at {
				v += shift
			}
			sum += v * v
		}
		return l2 * sum
	}
	grad := make([]float32, len(weights))
	for k := range grad {
		grad[k] = float32(k)
	}
	addPenalty(grad, weights, l2)
	for k, g := range grad {
		require.InDelta(t, float64(k)+(penalty(k, h)-penalty(k, -h))/(2*h), g, 1e-5)
	}
}

// A step of plain gradient descent moves the classifier's weights by 2·l2·w more
// times the rate, and nothing else; once, of however many batches the step is.
func TestClassifierL2(t *testing.T) {
	const l2, rate = 0.2, 0.05
	set := newWalks(12, 4, false)
	for _, accumulate := range []int{1, 3} {
		step := func(l2 float64) map[string][]float32 {
			m := newModel(t, 1, 0)
			cfg := Config{
				Epochs: 1, Batch: 12 / accumulate, Accumulate: accumulate, Threads: 1,
				LearningRate: rate, Optimizer: SGD{Momentum: NoMomentum}, ClassifierL2: l2,
			}
			_, err := Run(context.Background(), m, set, cfg)
			require.NoError(t, err)
			values := map[string][]float32{}
			for _, p := range m.Params() {
				values[p.Name] = p.Value.Data().([]float32)
			}
			return values
		}
		start := newModel(t, 1, 0)
		without, with := step(0), step(l2)
		for _, p := range start.Params() {
			if p.Name != "head.weight" {
				require.Equal(t, without[p.Name], with[p.Name], p.Name)
				continue
			}
			for k, w := range p.Value.Data().([]float32) {
				require.InDelta(t, float64(without[p.Name][k])-rate*2*l2*float64(w), with[p.Name][k], 1e-6)
			}
		}
	}
}

// Clipping is of the whole gradient, the penalty's part included.
func TestClassifierL2IsClipped(t *testing.T) {
	const rate, clip = 1.0, 0.5
	set := newWalks(12, 4, false)
	m, start := newModel(t, 1, 0), newModel(t, 1, 0)
	cfg := Config{Epochs: 1, Batch: 12, Threads: 1, LearningRate: rate, Optimizer: SGD{Momentum: NoMomentum}, ClassifierL2: 1e3, MaxGradNorm: clip}
	_, err := Run(context.Background(), m, set, cfg)
	require.NoError(t, err)
	sum := 0.0
	for k, p := range m.Params() {
		before := start.Params()[k].Value.Data().([]float32)
		for j, w := range p.Value.Data().([]float32) {
			sum += math.Pow(float64(w-before[j]), 2)
		}
	}
	require.InDelta(t, clip*rate, math.Sqrt(sum), 1e-4)
}
