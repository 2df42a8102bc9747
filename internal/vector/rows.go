package vector

// A row is a step of one sequence of n hidden units, whose slices are blocks of n. What is
// computed of a column does not depend on where the row lies. The functions of rows return
// false, and do nothing, on processors for which they are not written; they panic when a
// slice is too short. Where they take it, ahead is how many rows further that of x·W lies
// which will be next: it is on its way into the cache while this one is computed.

// LSTM makes the next state, and what the gradient needs again, of x·W, a bias, h·U and c:
// kept are the gates i, f, g and o, and the hyperbolic tangent of the next c. The next h is
// written to out as well, whose next row is as far as that of a; that of kept is the next
// one in memory.
func LSTM(kept, a, bias, u, c, hNext, cNext, out []float32, n, ahead int) bool {
	if !rowsInVectors() {
		return false
	}
	kept, a, bias, u = kept[:5*n], a[:4*n], bias[:4*n], u[:4*n]
	c, hNext, cNext, out = c[:n], hNext[:n], cNext[:n], out[:n]
	whole := n - n%wide
	if whole > 0 {
		lstmColumns(&kept[0], &a[0], &bias[0], &u[0], &c[0], &hNext[0], &cNext[0], &out[0], n, whole, ahead)
	}
	if whole < n {
		var k [5 * wide]float32
		var x, b, y [4 * wide]float32
		var before, h, after [wide]float32
		take(x[:], a, n, whole)
		take(b[:], bias, n, whole)
		take(y[:], u, n, whole)
		take(before[:], c, n, whole)
		lstmColumns(&k[0], &x[0], &b[0], &y[0], &before[0], &h[0], &after[0], &h[0], wide, wide, 0)
		put(kept, k[:], n, whole)
		put(hNext, h[:], n, whole)
		put(out, h[:], n, whole)
		put(cNext, after[:], n, whole)
	}
	return true
}

// LSTMBack makes the gradients of a and u, which are one, of what LSTM kept, and adds them
// to that of the bias. dh and grad add up to the gradient of the next h; dc is that of the
// next c, and becomes that of c. Numbers below 1e-30 become 0: those that are too small to
// be normal make processors many times slower. The next row of kept is the one before in
// memory.
func LSTMBack(da, kept, c, dh, grad, dc, dBias []float32, n, ahead int) bool {
	if !rowsInVectors() {
		return false
	}
	da, kept, dBias = da[:4*n], kept[:5*n], dBias[:4*n]
	c, dh, grad, dc = c[:n], dh[:n], grad[:n], dc[:n]
	whole := n - n%wide
	if whole > 0 {
		lstmBackColumns(&da[0], &kept[0], &c[0], &dh[0], &grad[0], &dc[0], &dBias[0], n, whole, ahead)
	}
	if whole < n {
		var k [5 * wide]float32
		var d, b [4 * wide]float32
		var before, h, g, m [wide]float32
		take(k[:], kept, n, whole)
		take(b[:], dBias, n, whole)
		take(before[:], c, n, whole)
		take(h[:], dh, n, whole)
		take(g[:], grad, n, whole)
		take(m[:], dc, n, whole)
		lstmBackColumns(&d[0], &k[0], &before[0], &h[0], &g[0], &m[0], &b[0], wide, wide, 0)
		put(da, d[:], n, whole)
		put(dBias, b[:], n, whole)
		put(dc, m[:], n, whole)
	}
	return true
}

// GRU makes the next state, and what the gradient needs again, of x·W, a bias, h·U and h:
// kept are the gates z, r and g, and the last columns of h·U. The next h is written to out
// as well.
func GRU(kept, a, bias, u, h, hNext, out []float32, n int) bool {
	if !rowsInVectors() {
		return false
	}
	kept, a, bias, u = kept[:4*n], a[:3*n], bias[:3*n], u[:3*n]
	h, hNext, out = h[:n], hNext[:n], out[:n]
	whole := n - n%wide
	if whole > 0 {
		gruColumns(&kept[0], &a[0], &bias[0], &u[0], &h[0], &hNext[0], &out[0], n, whole)
	}
	if whole < n {
		var k [4 * wide]float32
		var x, b, y [3 * wide]float32
		var before, after [wide]float32
		take(x[:], a, n, whole)
		take(b[:], bias, n, whole)
		take(y[:], u, n, whole)
		take(before[:], h, n, whole)
		gruColumns(&k[0], &x[0], &b[0], &y[0], &before[0], &after[0], &after[0], wide, wide)
		put(kept, k[:], n, whole)
		put(hNext, after[:], n, whole)
		put(out, after[:], n, whole)
	}
	return true
}

// GRUBack makes the gradients of a and u of what GRU kept, and adds the former to that of
// the bias. dh and grad add up to the gradient of the next h; dh becomes that of h, as far as
// it does not come from u. Numbers below 1e-30 become 0.
func GRUBack(da, du, kept, h, dh, grad, dBias []float32, n int) bool {
	if !rowsInVectors() {
		return false
	}
	da, du, kept, dBias = da[:3*n], du[:3*n], kept[:4*n], dBias[:3*n]
	h, dh, grad = h[:n], dh[:n], grad[:n]
	whole := n - n%wide
	if whole > 0 {
		gruBackColumns(&da[0], &du[0], &kept[0], &h[0], &dh[0], &grad[0], &dBias[0], n, whole)
	}
	if whole < n {
		var k [4 * wide]float32
		var d, e, b [3 * wide]float32
		var before, x, g [wide]float32
		take(k[:], kept, n, whole)
		take(b[:], dBias, n, whole)
		take(before[:], h, n, whole)
		take(x[:], dh, n, whole)
		take(g[:], grad, n, whole)
		gruBackColumns(&d[0], &e[0], &k[0], &before[0], &x[0], &g[0], &b[0], wide, wide)
		put(da, d[:], n, whole)
		put(du, e[:], n, whole)
		put(dBias, b[:], n, whole)
		put(dh, x[:], n, whole)
	}
	return true
}

// take copies the columns from whole on out of blocks of n into blocks of wide.
func take(to, blocks []float32, n, whole int) {
	for k := 0; k*wide < len(to); k++ {
		copy(to[k*wide:(k+1)*wide], blocks[k*n+whole:(k+1)*n])
	}
}

// put copies them back.
func put(blocks, from []float32, n, whole int) {
	for k := 0; k*wide < len(from); k++ {
		copy(blocks[k*n+whole:(k+1)*n], from[k*wide:])
	}
}
