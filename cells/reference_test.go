package cells_test

import (
	"math"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
)

// A recurrent layer written with plain loops over dense matrices.

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// refDirection returns the state after each step of one sequence x
// (steps, features), w (features, g·hidden), u (hidden, g·hidden).
// The candidate's bias may be nil, and so may u.
func refDirection(cell cells.Cell, x [][]float64, w, u, bias, candidateBias []float64, hidden int, reverse bool) [][]float64 {
	g := len(cell.Gates())
	h, c := make([]float64, hidden), make([]float64, hidden)
	out := make([][]float64, len(x))
	for k := range x {
		t := k
		if reverse {
			t = len(x) - 1 - k
		}
		a, r := append([]float64{}, bias...), make([]float64, g*hidden)
		for col := range a {
			for f, v := range x[t] {
				a[col] += v * w[f*g*hidden+col]
			}
			for f, v := range h {
				if u != nil {
					r[col] += v * u[f*g*hidden+col]
				}
			}
		}
		next := make([]float64, hidden)
		for j := range hidden {
			gate := func(n int) float64 { return a[n*hidden+j] + r[n*hidden+j] }
			switch cell {
			case cells.LSTM{}:
				c[j] = sigmoid(gate(1))*c[j] + sigmoid(gate(0))*math.Tanh(gate(2))
				next[j] = sigmoid(gate(3)) * math.Tanh(c[j])
			case cells.GRU{}:
				z, reset := sigmoid(gate(0)), sigmoid(gate(1))
				product := r[2*hidden+j]
				if candidateBias != nil {
					product += candidateBias[j]
				}
				cand := math.Tanh(a[2*hidden+j] + reset*product)
				next[j] = z*h[j] + (1-z)*cand
			case cells.RNN{}:
				next[j] = math.Tanh(gate(0))
			case MinGRU{}:
				z := sigmoid(a[j])
				next[j] = (1-z)*h[j] + z*a[hidden+j]
			case coupled{}:
				f := sigmoid(gate(0))
				c[j] = f*c[j] + (1-f)*math.Tanh(gate(1))
				next[j] = sigmoid(gate(2)) * math.Tanh(c[j])
			}
		}
		h = next
		out[t] = h
	}
	return out
}

// refStack returns the stack's Last for one sequence of its real steps only.
func refStack(layers []cells.Layer, values map[string][]float64, x [][]float64) []float64 {
	var last []float64
	for k, l := range layers {
		directions := []string{layerName(k)}
		if l.Bidirectional {
			directions = append(directions, layerName(k)+".backward")
		}
		out := make([][]float64, len(x))
		last = nil
		for d, name := range directions {
			folded := append([]int{l.Out[0] * len(cellOf(l).Gates())}, l.Out[1:]...)
			var w, u []float64
			if l.Joint {
				w, u = jointBlocks(l, folded, values, name)
			} else {
				w = dense(orDense(l.Input), l.In, folded, values, name+".input.")
				if _, no := l.Cell.(cells.InputGated); !no {
					u = dense(orDense(l.Recurrent), l.Out, folded, values, name+".recurrent.")
				}
			}
			states := refDirection(cellOf(l), x, w, u, values[name+".bias"], values[name+".candidate_bias"], l.Hidden(), d == 1)
			for t := range out {
				out[t] = append(out[t], states[t]...)
			}
			if d == 0 {
				last = append(last, states[len(x)-1]...)
			} else {
				last = append(last, states[0]...)
			}
		}
		x = out
	}
	return last
}

// jointBlocks cuts W_x and W_h out of the reconstructed joint matrix: its first
// rows are those of x, and those of h stand where stateRows says.
func jointBlocks(l cells.Layer, folded []int, values map[string][]float64, name string) (w, u []float64) {
	q := stateOf(l)
	in := append([]int{l.In[0] + q[0]}, l.In[1:]...)
	joint := dense(orDense(l.Input), in, folded, values, name+".joint.")
	cols := len(cellOf(l).Gates()) * l.Hidden()
	for _, row := range stateRows(l.In, q) {
		u = append(u, joint[row*cols:(row+1)*cols]...)
	}
	return joint[:l.InputSize()*cols], u
}

// stateOf has the blocks of the state in these tests' layers, worked out by hand.
func stateOf(l cells.Layer) []int {
	if l.Input == nil {
		return []int{l.Hidden()}
	}
	return map[string][]int{"tt": {2, 2}, "tr": {2, 1, 2}, "bt": {2, 2}, "ht": {2, 2, 1}}[l.Input.Name()]
}

// stateRows lists the rows of [x; h], padding included, that h has: a block of
// sizes q beside x in the first mode.
func stateRows(n, q []int) []int {
	rows := []int{0}
	for k := range n {
		var next []int
		for _, r := range rows {
			for a := range q[k] {
				if k == 0 {
					a += n[0]
				} else {
					a += r * n[k]
				}
				next = append(next, a)
			}
		}
		rows = next
	}
	return rows
}

func layerName(k int) string { return "layer" + string(rune('1'+k)) }

func cellOf(l cells.Layer) cells.Cell {
	if l.Cell == nil {
		return cells.LSTM{}
	}
	return l.Cell
}

func orDense(f decomp.Format) decomp.Format {
	if f == nil {
		return decomp.Dense{}
	}
	return f
}

func dense(f decomp.Format, in, out []int, values map[string][]float64, prefix string) []float64 {
	m, err := f.Matrix(in, out)
	if err != nil {
		panic(err)
	}
	var cores [][]float64
	for _, c := range m.Cores() {
		cores = append(cores, values[prefix+c.Name])
	}
	w, err := m.Dense(cores)
	if err != nil {
		panic(err)
	}
	return w
}
