package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// Each rule against its formula, written out for one weight in float64.
func TestOptimizersFollowTheirFormulas(t *testing.T) {
	const rate, decay = 0.05, 0.01
	type weight struct{ w, m, v float64 }
	for name, formula := range map[string]func(s *weight, g float64, t int){
		"adam": func(s *weight, g float64, t int) {
			g += decay * s.w
			s.m = 0.9*s.m + 0.1*g
			s.v = 0.999*s.v + 0.001*g*g
			s.w -= rate * s.m / (1 - math.Pow(0.9, float64(t))) / (math.Sqrt(s.v/(1-math.Pow(0.999, float64(t)))) + 1e-8)
		},
		"adamw:0.8:0.99:1e-3": func(s *weight, g float64, t int) {
			s.m = 0.8*s.m + 0.2*g
			s.v = 0.99*s.v + 0.01*g*g
			s.w -= rate*s.m/(1-math.Pow(0.8, float64(t)))/(math.Sqrt(s.v/(1-math.Pow(0.99, float64(t))))+1e-3) + rate*decay*s.w
		},
		"rmsprop:0.95": func(s *weight, g float64, _ int) {
			g += decay * s.w
			s.v = 0.95*s.v + 0.05*g*g
			s.w -= rate * g / (math.Sqrt(s.v) + 1e-8)
		},
		"sgd": func(s *weight, g float64, _ int) {
			s.v = 0.9*s.v + g + decay*s.w
			s.w -= rate * s.v
		},
		"sgd:0": func(s *weight, g float64, _ int) { s.w -= rate * (g + decay*s.w) },
	} {
		t.Run(name, func(t *testing.T) {
			o, err := ParseOptimizer(name)
			require.NoError(t, err)
			rng := rand.New(rand.NewPCG(1, 1))
			const n = 7
			w, g := make([]float32, n), make([]float32, n)
			want := make([]weight, n)
			for k := range w {
				w[k] = float32(rng.NormFloat64())
				want[k].w = float64(w[k])
			}
			slots := make([][]float32, len(o.Slots()))
			for k := range slots {
				slots[k] = make([]float32, n)
			}
			for step := 1; step <= 50; step++ {
				for k := range g {
					g[k] = float32(rng.NormFloat64())
					formula(&want[k], float64(g[k]), step)
				}
				o.Apply(Update{Weights: w, Gradient: g, Slots: slots, Step: step, Rate: rate, Decay: decay})
			}
			for k := range w {
				require.InDelta(t, want[k].w, w[k], 2e-5)
			}
		})
	}
}

// Our Adam moves weights as gorgonia's does.
func TestAdamIsThatOfGorgonia(t *testing.T) {
	const n = 5
	value := func(x []float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(n), tensor.WithBacking(append([]float32{}, x...)))
	}
	rng := rand.New(rand.NewPCG(2, 2))
	start, w := make([]float32, n), make([]float32, n)
	for k := range start {
		start[k] = float32(rng.NormFloat64())
	}
	copy(w, start)
	theirs := &valueGrad{value: value(start), grad: value(start)}
	solver := G.NewAdamSolver(G.WithLearnRate(0.01))
	slots := [][]float32{make([]float32, n), make([]float32, n)}
	for step := 1; step <= 20; step++ {
		g := make([]float32, n)
		for k := range g {
			g[k] = float32(rng.NormFloat64())
		}
		theirs.grad = value(g) // the solver clears it
		require.NoError(t, solver.Step([]G.ValueGrad{theirs}))
		Adam{}.Apply(Update{Weights: w, Gradient: g, Slots: slots, Step: step, Rate: 0.01})
	}
	require.InDeltaSlice(t, theirs.value.Data(), w, 1e-6)
}

type valueGrad struct{ value, grad *tensor.Dense }

func (v *valueGrad) Value() G.Value         { return v.value }
func (v *valueGrad) Grad() (G.Value, error) { return v.grad, nil }

// What is written is read as the same.
func TestParseOptimizerAndSchedule(t *testing.T) {
	for in, want := range map[string]Optimizer{
		"adam": Adam{0.9, 0.999, 1e-8}, "adam:0.8": Adam{0.8, 0.999, 1e-8}, "adamw:0.9:0.99:1e-6": AdamW{0.9, 0.99, 1e-6},
		"rmsprop": RMSProp{0.9, 1e-8}, "sgd": SGD{0.9}, "sgd:0": SGD{NoMomentum},
	} {
		o, err := ParseOptimizer(in)
		require.NoError(t, err)
		require.Equal(t, want, o)
		again, err := ParseOptimizer(o.String())
		require.NoError(t, err)
		require.Equal(t, o, again)
	}
	for zero, text := range map[Optimizer]string{Adam{}: "adam", AdamW{}: "adamw", RMSProp{}: "rmsprop", SGD{}: "sgd"} {
		o, err := ParseOptimizer(text)
		require.NoError(t, err)
		require.Equal(t, o.String(), zero.String(), "a zero value has the defaults of its name")
	}
	require.Equal(t, "adam:0.9:0.999:1e-08", Adam{}.String())
	require.Equal(t, "sgd:-0.5", SGD{-0.5}.String(), "and is refused when read")
	for in, text := range map[string]string{
		"adma":                 `train: no optimizer is called "adma"; did you mean "adam"?`,
		"":                     `train: no optimizer is called ""`,
		"adam:x":               `train: optimizer "adam:x": "x" is not a number`,
		"adam:1":               `train: optimizer "adam:1": β1 is 1; want a number above 0 and at most 0.999999`,
		"adam:0":               `train: optimizer "adam:0": β1 is 0; want a number above 0`,
		"adamw:0.9:0.99999999": `β2 is 0.99999999; want a number above 0 and at most 0.999999`,
		"adam:0.9:0.999:1e-50": `ε is 1e-50; want a number from 1e-16 to 1e30`,
		"rmsprop:0.9999999":    `ρ is 0.9999999; want`,
		"rmsprop:0.9:1e50":     `ε is 1e+50; want`,
		"sgd:0.99999999":       `momentum is 0.99999999; want at least 0 and at most 0.999999`,
		"sgd:-0.1":             `momentum is -0.1; want`,
		"sgd:0.9:0.9":          `train: optimizer "sgd:0.9:0.9" has 2 settings; want sgd:momentum`,
		"sgd:NaN":              `"NaN" is not a number`,
	} {
		_, err := ParseOptimizer(in)
		require.ErrorContains(t, err, text)
	}
	for in, want := range map[string]Schedule{
		"constant": constant{}, "step:30:0.2": StepDecay{30, 0.2}, "cosine": Cosine{}, "cosine:0.1": Cosine{0.1}, "inverse:1.67e-4": Inverse{1.67e-4},
		"warmup:2": WarmUp{Epochs: 2}, "warmup:0.5,step:3:0.5": WarmUp{0.5, StepDecay{3, 0.5}},
	} {
		s, err := ParseSchedule(in)
		require.NoError(t, err)
		require.Equal(t, want, s)
		again, err := ParseSchedule(s.String())
		require.NoError(t, err)
		require.Equal(t, s.String(), again.String())
	}
	for in, text := range map[string]string{
		"cosin":               `train: no schedule is called "cosin"; did you mean "cosine"?`,
		"step:30":             `train: schedule "step:30" has 1 settings; want step:EPOCHS:FACTOR`,
		"step:0:0.1":          `train: schedule "step:0:0.1": EPOCHS is 0; want at least 0.001 epochs`,
		"cosine:2":            "FLOOR is 2; want a number from 0 to 1",
		"inverse":             `schedule "inverse" has 0 settings; want inverse:DECAY`,
		"inverse:-1":          "DECAY is -1; want a number from 1e-30 to 1e30, or 0 for none",
		"warmup":              "has 0 settings; want warmup:EPOCHS",
		"warmup:1,warmup:2":   "one warmup only",
		"cosine,step:1:0.1":   "want another one behind a comma after one warmup only, as in warmup:2,cosine",
		"constant:1":          "has 1 settings; want constant",
		"warmup:1,nonsense:1": `no schedule is called "nonsense"`,
	} {
		_, err := ParseSchedule(in)
		require.ErrorContains(t, err, text, in)
	}
}

// Whatever is accepted moves weights as the formula does in float64, gradients of 0 and
// those whose square is 0 as a float32 among them.
func TestAcceptedSettingsAreUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := func(name string) float64 { // 1, as near as is accepted
			return 1 - math.Pow(10, rapid.Float64Range(-6, -0.001).Draw(t, name))
		}
		a := Adam{near("β1"), near("β2"), math.Pow(10, rapid.Float64Range(-16, 2).Draw(t, "ε"))}
		_, err := ParseOptimizer(a.String())
		require.NoError(t, err)
		r := RMSProp{a.Beta2, a.Epsilon}
		const n = 4
		slots := func() [][]float32 { return [][]float32{make([]float32, n), make([]float32, n)} }
		var w, u [n]float32
		var m, v, q, want, wantR [n]float64
		ofAdam, ofRMS := slots(), slots()
		for step := 1; step <= 5; step++ {
			g := []float32{0, 1e-25, 1, 0}
			for k, exponent := range []float64{-12, 0, 3, -30} {
				if k != 0 {
					g[k] = float32(math.Pow(10, exponent) * rapid.Float64Range(-1, 1).Draw(t, "g"))
				}
			}
			a.Apply(Update{Weights: w[:], Gradient: g, Slots: ofAdam, Step: step, Rate: 1})
			r.Apply(Update{Weights: u[:], Gradient: g, Slots: ofRMS, Step: step, Rate: 1})
			for k, g := range g {
				g := float64(g)
				m[k], v[k] = a.Beta1*m[k]+(1-a.Beta1)*g, a.Beta2*v[k]+(1-a.Beta2)*g*g
				t := float64(step)
				want[k] -= m[k] / (1 - math.Pow(a.Beta1, t)) / (math.Sqrt(v[k]/(1-math.Pow(a.Beta2, t))) + a.Epsilon)
				q[k] = r.Rho*q[k] + (1-r.Rho)*g*g
				wantR[k] -= g / (math.Sqrt(q[k]) + r.Epsilon)
			}
		}
		for k := range n {
			require.InDelta(t, want[k], w[k], 0.04*(1+math.Abs(want[k])))
			require.InDelta(t, wantR[k], u[k], 0.04*(1+math.Abs(wantR[k])))
		}
	})
}

func TestSchedules(t *testing.T) {
	require.Equal(t, 1.0, constant{}.Factor(3, 10, 7))
	step := StepDecay{Every: 2, Rate: 0.1}
	require.Equal(t, 1.0, step.Factor(1.9, 10, 7))
	require.InDelta(t, 0.1, step.Factor(2, 10, 7), 1e-12)
	require.InDelta(t, 0.01, step.Factor(5.5, 10, 7), 1e-12)
	for _, steps := range []int{1, 3, 7, 10, 30, 1000} { // every tenth of the epochs, at its first step
		for _, every := range []float64{0.1, 0.2, 0.3, 0.7, 1, 1.1} {
			for n := range 5 * steps {
				done := float64(n/steps) + float64(n%steps)/float64(steps)
				tenths := int(math.Round(10 * every))
				require.Equal(t, math.Pow(0.5, float64(10*n/(tenths*steps))), StepDecay{every, 0.5}.Factor(done, 5, steps), "%v epochs, step %d of %d", every, n, steps)
			}
		}
	}
	cosine := Cosine{Floor: 0.2}
	require.Equal(t, 1.0, cosine.Factor(0, 10, 7))
	require.InDelta(t, 0.6, cosine.Factor(5, 10, 7), 1e-12)
	require.InDelta(t, 0.2, cosine.Factor(10, 10, 7), 1e-12)
	require.Equal(t, 0.2, cosine.Factor(11, 10, 7), "a run that goes on past its plan")
	warm := WarmUp{Epochs: 2, Then: Cosine{}}
	require.Equal(t, 0.01, warm.Factor(0, 10, 7))
	require.Equal(t, 0.5, warm.Factor(1, 10, 7))
	require.Equal(t, 1.0, warm.Factor(2, 10, 7))
	require.InDelta(t, 0.5, warm.Factor(6, 10, 7), 1e-12)
	require.Equal(t, 1.0, WarmUp{Epochs: 1}.Factor(5, 10, 7))
	inverse := Inverse{Decay: 0.5}
	require.Equal(t, 1.0, inverse.Factor(0, 10, 7))
	require.InDelta(t, 1/(1+0.5*3), inverse.Factor(3./7, 10, 7), 1e-12, "after three steps")
	require.InDelta(t, 1/(1+0.5*14), inverse.Factor(2, 10, 7), 1e-12)
	require.InDelta(t, 1/(1+0.5*7), WarmUp{Epochs: 2, Then: inverse}.Factor(3, 10, 7), 1e-12)
}

// What an optimiser costs: the issue of gorgonia's is that it takes 9 ns a
// parameter.
func BenchmarkOptimizers(b *testing.B) {
	const n = 1 << 20
	w, g := make([]float32, n), make([]float32, n)
	for k := range g {
		g[k] = float32(k%7) - 3
	}
	slots := [][]float32{make([]float32, n), make([]float32, n)}
	for _, name := range []string{"adam", "adamw", "rmsprop", "sgd"} {
		o, err := ParseOptimizer(name)
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(4 * n)
			for step := 1; b.Loop(); step++ {
				o.Apply(Update{Weights: w, Gradient: g, Slots: slots, Step: step, Rate: 1e-3})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/param")
		})
	}
	b.Run("gorgonia adam", func(b *testing.B) {
		theirs := &valueGrad{tensor.New(tensor.WithShape(n), tensor.WithBacking(w)), tensor.New(tensor.WithShape(n), tensor.WithBacking(g))}
		solver := G.NewAdamSolver()
		for b.Loop() {
			require.NoError(b, solver.Step([]G.ValueGrad{theirs}))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/param")
	})
}
