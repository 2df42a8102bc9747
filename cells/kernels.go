package cells

import (
	"math"

	"github.com/tensorzoo/tensorzoo/internal/ops"
	"github.com/tensorzoo/tensorzoo/internal/vector"
)

// sigmoids computes dst = σ(src).
func sigmoids[T ops.Float](dst, src []T) {
	if d, ok := any(dst).([]float32); ok {
		vector.Sigmoid(d, any(src).([]float32))
		return
	}
	for i, x := range src {
		dst[i] = sigmoid(x)
	}
}

// tanhs computes dst = tanh(src).
func tanhs[T ops.Float](dst, src []T) {
	if d, ok := any(dst).([]float32); ok {
		vector.Tanh(d, any(src).([]float32))
		return
	}
	for i, x := range src {
		dst[i] = tanh(x)
	}
}

// sigmoid and tanh go through float64: they overflow nowhere and are as good as T is.
func sigmoid[T ops.Float](x T) T { return T(1 / (1 + math.Exp(-float64(x)))) }

func tanh[T ops.Float](x T) T {
	if x > -0.1 && x < 0.1 {
		return T(math.Tanh(float64(x))) // where the difference below would cancel
	}
	return T(1 - 2/(1+math.Exp(2*float64(x))))
}

// kernels are a cell's recurrence of dense U in one operation.
type kernels struct {
	kept   int // blocks of hidden columns that a step keeps for the gradient; the gates come first
	memory bool
	f32    rows[float32]
	f64    rows[float64]
}

// kernels returns those of the direction's cell, nil where it has none.
func (d *direction) kernels() *kernels {
	switch d.layer.Cell {
	case LSTM{}:
		return &lstmKernels
	case GRU{}:
		return &gruKernels
	}
	return nil
}

// An LSTM keeps i, f, g, o and tanh(c').
var lstmKernels = kernels{5, true, rows[float32]{lstmRow[float32], lstmRowBack[float32]}, rows[float64]{lstmRow[float64], lstmRowBack[float64]}}

func lstmRow[T ops.Float](kept, a, bias, u, _, c, hNext, cNext []T, n int) {
	y := kept[:4*n]
	for k, v := range a[:len(y)] {
		y[k] = v + bias[k] + u[k]
	}
	sigmoids(y[:2*n], y[:2*n])
	tanhs(y[2*n:3*n], y[2*n:3*n])
	sigmoids(y[3*n:], y[3*n:])
	i, f, g, o, t := kept[:n], kept[n:2*n], kept[2*n:3*n], kept[3*n:4*n], kept[4*n:5*n]
	for k, v := range c[:n] {
		cNext[k] = f[k]*v + i[k]*g[k]
	}
	tanhs(t, cNext)
	for k, v := range t {
		hNext[k] = o[k] * v
	}
}

func lstmRowBack[T ops.Float](da, du, kept, _, c, dh, dc []T, n int) {
	dh = dh[:n]
	at := func(x []T, block int) []T { return x[block*n : (block+1)*n][:len(dh)] }
	i, f, g, o, t := at(kept, 0), at(kept, 1), at(kept, 2), at(kept, 3), at(kept, 4)
	di, df, dg, do := at(du, 0), at(du, 1), at(du, 2), at(du, 3)
	c, dc = at(c, 0), at(dc, 0)
	for k, d := range dh {
		m := flushed(dc[k] + d*o[k]*(1-t[k]*t[k]))
		di[k] = flushed(m * g[k] * i[k] * (1 - i[k]))
		df[k] = flushed(m * c[k] * f[k] * (1 - f[k]))
		dg[k] = flushed(m * i[k] * (1 - g[k]*g[k]))
		do[k] = flushed(d * t[k] * o[k] * (1 - o[k]))
		dc[k] = m * f[k]
	}
	clear(dh)
	copy(da, du)
}

// A GRU keeps z, r, g and the candidate's columns of h·U.
var gruKernels = kernels{4, false, rows[float32]{gruRow[float32], gruRowBack[float32]}, rows[float64]{gruRow[float64], gruRowBack[float64]}}

func gruRow[T ops.Float](kept, a, bias, u, h, _, hNext, _ []T, n int) {
	gates := kept[:2*n]
	for k, v := range a[:len(gates)] {
		gates[k] = v + bias[k] + u[k]
	}
	sigmoids(gates, gates)
	z, r, g, ug := kept[:n], kept[n:2*n], kept[2*n:3*n], kept[3*n:4*n]
	copy(ug, u[2*n:])
	ag, bg := a[2*n:3*n], bias[2*n:3*n]
	for k, v := range ug {
		g[k] = ag[k] + bg[k] + r[k]*v
	}
	tanhs(g, g)
	for k, v := range g {
		hNext[k] = v + z[k]*(h[k]-v)
	}
}

func gruRowBack[T ops.Float](da, du, kept, h, _, dh, _ []T, n int) {
	dh = dh[:n]
	at := func(x []T, block int) []T { return x[block*n : (block+1)*n][:len(dh)] }
	z, r, g, ug := at(kept, 0), at(kept, 1), at(kept, 2), at(kept, 3)
	dz, dr, dg, dug := at(da, 0), at(da, 1), at(da, 2), at(du, 2)
	h = at(h, 0)
	for k, d := range dh {
		e := flushed(d * (1 - z[k]) * (1 - g[k]*g[k]))
		dg[k] = e
		dug[k] = flushed(e * r[k])
		dz[k] = flushed(d * (h[k] - g[k]) * z[k] * (1 - z[k]))
		dr[k] = flushed(e * ug[k] * r[k] * (1 - r[k]))
		dh[k] = flushed(d * z[k])
	}
	copy(du[:2*n], da[:2*n])
}
