package cells_test

import (
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/gradcheck"
)

// FDHT-LSTM and its counterparts, small: 4·3·3 values into 12 units, which take
// 2·3·2 rows of two slabs of 3·3.
var jointLayers = []cells.Layer{
	{In: []int{4, 3, 3}, Out: []int{3, 2, 2}, Input: decomp.HT{Leaf: []int{3}, Inner: []int{4}}},
	{In: []int{4, 3, 3}, Out: []int{3, 2, 2}, Input: decomp.TT{Ranks: []int{3}}},
	{In: []int{4, 3, 3}, Out: []int{4, 3}, Input: decomp.TR{Ranks: []int{3}}},
	{In: []int{4, 3, 3}, Out: []int{3, 2, 2}, Input: decomp.BT{Blocks: 2, Ranks: []int{2}}},
}

// An LSTM over [x; h] with one dense matrix, the padding being zeros in the
// vector, step by step, against Forward.
func TestJointIsOneMatrix(t *testing.T) {
	const batch, steps, hidden = 2, 4, 12
	for _, l := range jointLayers {
		l.Joint = true
		m := newModel(t, l)
		rng := rand.New(rand.NewPCG(5, 5))
		in := m.inputs(rng, batch, steps)
		got, err := gradcheck.Forward(m.build(cells.Options{}), in...)
		require.NoError(t, err)

		values := map[string][]float64{}
		for k, p := range m.params {
			values[p.Name] = in[k+1].Data
		}
		folded := append([]int{4 * l.Out[0]}, l.Out[1:]...)
		w := dense(l.Input, []int{6, 3, 3}, folded, values, "layer1.joint.") // 36 rows of x, 18 for h and padding
		var want []float64
		for b := range batch {
			h, c := make([]float64, hidden), make([]float64, hidden)
			for s := range steps {
				z := make([]float64, 6*3*3)
				copy(z, in[0].Data[(b*steps+s)*36:][:36])
				for j, v := range h { // h[a1, a2, a3], 2·3·2, stands at (4+a1, a2, a3)
					z[(4+j/6)*9+j/2%3*3+j%2] = v
				}
				gates := append([]float64{}, values["layer1.bias"]...)
				for row, v := range z {
					for col := range gates {
						gates[col] += v * w[row*len(gates)+col]
					}
				}
				for j := range hidden {
					c[j] = sigmoid(gates[hidden+j])*c[j] + sigmoid(gates[j])*math.Tanh(gates[2*hidden+j])
					h[j] = sigmoid(gates[3*hidden+j]) * math.Tanh(c[j])
				}
			}
			want = append(want, h...)
		}
		require.InDeltaSlice(t, want, got, 1e-12, l.Input.Name())
	}
}

// Elements of every joint core, in each cell, against differences: all of them if there
// is time.
func TestJointGradients(t *testing.T) {
	for _, cell := range []cells.Cell{cells.LSTM{}, cells.GRU{}, cells.RNN{}} {
		for _, l := range jointLayers {
			t.Run(cell.Name()+"/"+l.Input.Name(), func(t *testing.T) {
				l.Cell, l.Joint = cell, true
				m := newModel(t, l)
				rng := rand.New(rand.NewPCG(6, 6))
				entries := 30
				if long {
					entries = 200
				}
				require.NoError(t, gradcheck.Check(rng, m.build(cells.Options{}), entries, 1e-5, m.inputs(rng, 2, 3)...))
			})
		}
	}
}

// One set of cores, of the format's names, and a bias.
func TestJointParams(t *testing.T) {
	s, err := cells.New(cells.Layer{
		Cell: cells.GRU{}, In: []int{4, 3}, Out: []int{2, 2}, Input: decomp.TT{Ranks: []int{2}}, Joint: true, Bidirectional: true,
	})
	require.NoError(t, err)
	require.Equal(t, []cells.Param{
		{Name: "layer1.joint.G1", Shape: []int{1, 6, 6, 2}, Role: cells.Joint}, // 2·2 units: two slabs of 2
		{Name: "layer1.joint.G2", Shape: []int{2, 3, 2, 1}, Role: cells.Joint},
		{Name: "layer1.bias", Shape: []int{1, 12}, Role: cells.Bias},
		{Name: "layer1.backward.joint.G1", Shape: []int{1, 6, 6, 2}, Role: cells.Joint},
		{Name: "layer1.backward.joint.G2", Shape: []int{2, 3, 2, 1}, Role: cells.Joint},
		{Name: "layer1.backward.bias", Shape: []int{1, 12}, Role: cells.Bias},
	}, s.Params())
}

// At first the elements of W_x have the variance 2/(features + gates·hidden),
// those of W_h 1/(10·hidden).
func TestJointInitialVariance(t *testing.T) {
	for _, f := range []decomp.Format{
		decomp.HT{Leaf: []int{4}, Inner: []int{5}}, decomp.TT{Ranks: []int{4}}, decomp.TR{Ranks: []int{4}}, decomp.BT{Blocks: 2, Ranks: []int{4}},
	} {
		l := cells.Layer{In: []int{5, 6, 4}, Out: []int{2, 3, 2}, Input: f, Joint: true}
		s, err := cells.New(l)
		require.NoError(t, err)
		const seeds, slab = 100, 24
		var x, h float64
		for seed := range uint64(seeds) {
			values := s.Init(seed)
			bias := values[len(values)-1]
			require.Equal(t, []float64{0, 1, 0, 0}, []float64{bias[0], bias[12], bias[24], bias[36]})
			m, err := f.Matrix([]int{6, 6, 4}, []int{8, 3, 2})
			require.NoError(t, err)
			w, err := m.Dense(values[:len(values)-1])
			require.NoError(t, err)
			for j, v := range w {
				if j < 5*slab*48 {
					x += v * v / (5 * slab * 48 * seeds)
				} else {
					h += v * v / (slab * 48 * seeds)
				}
			}
		}
		require.InDelta(t, 1, x*(120+48)/2, 0.3, f.Name())
		require.InDelta(t, 1, h*120, 0.3, f.Name())
	}
}

func TestJointErrors(t *testing.T) {
	for text, l := range map[string]cells.Layer{
		"cells: layer1 is joint and has a recurrent format, tt, of its own; want one of the two": {
			In: []int{2, 3}, Out: []int{2, 2}, Joint: true, Recurrent: decomp.TT{Ranks: []int{2}},
		},
		"cells: layer1, joint (4 gates folded into the first of output modes 2·2 = 4): decomp: TT rank 1 is 99, but input modes 2·3 and output modes 8·2 allow at most 6": {
			In: []int{2, 3}, Out: []int{2, 2}, Joint: true, Input: decomp.TT{Ranks: []int{99}},
		},
		"cells: layer1, joint (4 gates folded into the first of output modes 1·1 = 1): with 1·1 = 1 more for the state: decomp: TT input modes 3·1073741823 multiply to more than 2147483647": {
			In: []int{2, 1073741823}, Out: []int{1, 1}, Joint: true, Input: decomp.TT{Ranks: []int{1}},
		},
	} {
		_, err := cells.New(l)
		require.EqualError(t, err, text)
	}
}

// The layer of FDHT-LSTM at the papers' size: one network and the biases.
func ExampleLayer_joint() {
	s, err := cells.New(cells.Layer{
		Cell: cells.LSTM{}, In: []int{8, 10, 10, 9, 8}, Out: []int{4, 4, 2, 4, 2},
		Input: decomp.HT{Leaf: []int{4}, Inner: []int{5}}, Joint: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	total := 0
	for _, p := range s.Params() {
		total += p.Size()
	}
	fmt.Println(s.Params()[0].Name, s.Params()[0].Shape)
	fmt.Println(total, "instead of", (57600+256)*1024+1024)
	// Output:
	// layer1.joint.U1 [9 16 4]
	// 2333 instead of 59245568
}
