package charts

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// leastLog is the least value that a logarithmic axis shows, as far from 1 as the
// largest: powers of ten beyond have no number for a label.
const leastLog = 1e-30

// logarithms returns the panel with the logarithms of what belongs on its
// logarithmic axes, so that the rest of the package draws it as any other. What
// is too small, or not drawable without a logarithm, leaves a gap. The low end of an
// interval that is too small, as a mean less a deviation may be, is -Inf, beyond any axis.
func (p Panel) logarithms() Panel {
	p.Lines = slices.Clone(p.Lines)
	for k := range p.Lines {
		l := &p.Lines[k]
		if p.LogX {
			l.X = logs(l.X, math.NaN())
		}
		if p.LogY {
			l.Y, l.Low, l.High = logs(l.Y, math.NaN()), logs(l.Low, math.Inf(-1)), logs(l.High, math.NaN())
		}
	}
	for _, end := range []**float64{&p.Min, &p.Max} {
		if p.LogY && *end != nil {
			v := math.Log10(**end)
			*end = &v
		}
	}
	return p
}

// logs returns logarithms, and small for what is too small for an axis.
func logs(values []float64, small float64) (out []float64) {
	for _, v := range values {
		switch {
		case !drawable(v):
			out = append(out, math.NaN())
		case v < leastLog:
			out = append(out, small)
		default:
			out = append(out, math.Log10(v))
		}
	}
	return out
}

// logTicks divides an axis into at most so many parts, with ticks at 1, 2 and 5 times
// powers of ten, or if that is too many at powers of ten; an axis that has too few of
// them has those of a linear one, and one too short for these is ticked evenly.
func logTicks(from, to float64, most int) []plot.Tick {
	for k, digits := range [][]float64{{1, 2, 5}, {1}} {
		var found []plot.Tick
		for e := math.Floor(from); e <= to; e++ {
			for _, d := range digits {
				if at := e + math.Log10(d); at >= from-1e-9 && at <= to+1e-9 {
					power := math.Pow(10, e)
					found = append(found, plot.Tick{Value: at, Label: tickLabel(d*power, power*(1-1e-12))}) // 1e-05 is below the limit
				}
			}
		}
		if len(found) <= most+1 && len(found) >= 3-k {
			return found
		}
	}
	if low, high := math.Pow(10, from), math.Pow(10, to); to-from < 1 && apart(low, high) {
		found := ticks(low, high, 0, most)
		for k, t := range found {
			found[k].Value = math.Log10(t.Value)
		}
		if len(found) > 1 {
			return found
		}
	}
	found := ticks(from, to, 0, most)
	digits := 3 // or as many as tell neighbours apart
	if len(found) > 1 {
		digits = max(digits, 2-int(math.Floor(math.Log10(found[1].Value-found[0].Value))))
	}
	for k, t := range found {
		found[k].Label = strconv.FormatFloat(math.Pow(10, t.Value), 'g', digits, 64)
	}
	return found
}
