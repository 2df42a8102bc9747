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
	kept    int // blocks of hidden columns that a step keeps for the gradient; the gates come first
	memory  bool
	carried bool // h is in the next h not by way of U alone
	f32     rows[float32]
	f64     rows[float64]
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
var lstmKernels = kernels{5, true, false, rows[float32]{lstmRow32, lstmRowBack32}, rows[float64]{lstmRow[float64], lstmRowBack[float64]}}

func lstmRow32(kept, a, bias, u, h, c, hNext, cNext, out []float32, n, ahead int) {
	if !vector.LSTM(kept, a, bias, u, c, hNext, cNext, out, n, ahead) {
		lstmRow(kept, a, bias, u, h, c, hNext, cNext, out, n, ahead)
	}
}

func lstmRowBack32(da, du, kept, h, c, dh, grad, dc, dBias []float32, n, ahead int) {
	if !vector.LSTMBack(da, kept, c, dh, grad, dc, dBias, n, ahead) {
		lstmRowBack(da, du, kept, h, c, dh, grad, dc, dBias, n, ahead)
	}
}

func lstmRow[T ops.Float](kept, a, bias, u, _, c, hNext, cNext, out []T, n, _ int) {
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
	copy(out, hNext[:n])
}

func lstmRowBack[T ops.Float](da, _, kept, _, c, dh, grad, dc, dBias []T, n, _ int) {
	dh = dh[:n]
	at := func(x []T, block int) []T { return x[block*n : (block+1)*n][:len(dh)] }
	i, f, g, o, t := at(kept, 0), at(kept, 1), at(kept, 2), at(kept, 3), at(kept, 4)
	di, df, dg, do := at(da, 0), at(da, 1), at(da, 2), at(da, 3)
	c, dc, grad = at(c, 0), at(dc, 0), at(grad, 0)
	for k, d := range dh {
		d += grad[k]
		m := flushed(dc[k] + d*o[k]*(1-t[k]*t[k]))
		di[k] = flushed(m * g[k] * i[k] * (1 - i[k]))
		df[k] = flushed(m * c[k] * f[k] * (1 - f[k]))
		dg[k] = flushed(m * i[k] * (1 - g[k]*g[k]))
		do[k] = flushed(d * t[k] * o[k] * (1 - o[k]))
		dc[k] = m * f[k]
	}
	addTo(dBias, da[:4*n])
}

// A GRU keeps z, r, g and the candidate's columns of h·U.
var gruKernels = kernels{4, false, true, rows[float32]{gruRow32, gruRowBack32}, rows[float64]{gruRow[float64], gruRowBack[float64]}}

func gruRow32(kept, a, bias, u, h, c, hNext, cNext, out []float32, n, ahead int) {
	if !vector.GRU(kept, a, bias, u, h, hNext, out, n) {
		gruRow(kept, a, bias, u, h, c, hNext, cNext, out, n, ahead)
	}
}

func gruRowBack32(da, du, kept, h, c, dh, grad, dc, dBias []float32, n, ahead int) {
	if !vector.GRUBack(da, du, kept, h, dh, grad, dBias, n) {
		gruRowBack(da, du, kept, h, c, dh, grad, dc, dBias, n, ahead)
	}
}

func gruRow[T ops.Float](kept, a, bias, u, h, _, hNext, _, out []T, n, _ int) {
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
	copy(out, hNext[:n])
}

func gruRowBack[T ops.Float](da, du, kept, h, _, dh, grad, _, dBias []T, n, _ int) {
	dh = dh[:n]
	at := func(x []T, block int) []T { return x[block*n : (block+1)*n][:len(dh)] }
	z, r, g, ug := at(kept, 0), at(kept, 1), at(kept, 2), at(kept, 3)
	dz, dr, dg, dug := at(da, 0), at(da, 1), at(da, 2), at(du, 2)
	h, grad = at(h, 0), at(grad, 0)
	for k, d := range dh {
		d += grad[k]
		e := flushed(d * (1 - z[k]) * (1 - g[k]*g[k]))
		dg[k] = e
		dug[k] = flushed(e * r[k])
		dz[k] = flushed(d * (h[k] - g[k]) * z[k] * (1 - z[k]))
		dr[k] = flushed(e * ug[k] * r[k] * (1 - r[k]))
		dh[k] = flushed(d * z[k])
	}
	copy(du[:2*n], da[:2*n])
	addTo(dBias, da[:3*n])
}
