package charts

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/vg"
)

// sideBySide returns the lines with their markers moved along an axis from x0 to x1,
// so that none covers another. They keep their order, and those that have room stay
// where they are.
func sideBySide(lines []Line, x0, x1 float64) []Line {
	moved := slices.Clone(lines)
	var xs []*float64
	for k, l := range moved {
		if !l.Marker {
			continue
		}
		moved[k].X = slices.Clone(l.X)
		for i := range l.X {
			if drawable(l.X[i]) && drawable(l.Y[i]) {
				xs = append(xs, &moved[k].X[i])
			}
		}
	}
	slices.SortStableFunc(xs, func(a, b *float64) int { return cmp.Compare(*a, *b) })
	places := make([]vg.Length, len(xs))
	for k, x := range xs {
		places[k] = vg.Length((*x-x0)/(x1-x0)) * dataWidth
	}
	const gap = 2*markerRadius + lineWidth
	for k, place := range spread(places, gap, markerRadius, dataWidth-markerRadius) {
		if place != places[k] { // else it keeps its bits
			*xs[k] = x0 + float64(place/dataWidth)*(x1-x0)
		}
	}
	return moved
}

// spread moves sorted places between low and high to at least gap from each other,
// or as far as there is room for so many, by the least sum of squares: each run of
// places that are too near is centred where it was. Less gap times their numbers, the
// places are those of an isotonic regression, by pooling neighbours.
func spread(places []vg.Length, gap, low, high vg.Length) []vg.Length {
	last := vg.Length(max(1, len(places)-1))
	gap = min(gap, (high-low)/last)
	type pool struct{ sum, n vg.Length }
	var pools []pool
	for k, place := range places {
		pools = append(pools, pool{place - vg.Length(k)*gap, 1})
		for n := len(pools); n > 1 && pools[n-2].sum*pools[n-1].n > pools[n-1].sum*pools[n-2].n; n-- {
			pools[n-2] = pool{pools[n-2].sum + pools[n-1].sum, pools[n-2].n + pools[n-1].n}
			pools = pools[:n-1]
		}
	}
	var out []vg.Length
	for _, p := range pools {
		at := max(low, min(high-vg.Length(len(places)-1)*gap, p.sum/p.n))
		for range int(p.n) {
			out = append(out, at+vg.Length(len(out))*gap)
		}
	}
	return out
}
