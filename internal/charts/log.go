package charts

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// leastLog is the least value that a logarithmic axis shows, as far from 1 as the
// largest: powers of ten beyond have no number for a label.
const leastLog = 1e-30

// logarithms returns the panel with the logarithms of what belongs on its
// logarithmic axes, so that the rest of the package draws it as any other. What
// is too small, or not drawable without a logarithm, leaves a gap.
func (p Panel) logarithms() Panel {
	lines := make([]Line, len(p.Lines))
	for k, l := range p.Lines {
		if p.LogX {
			l.X = logs(l.X)
		}
		if p.LogY {
			l.Y = logs(l.Y)
			if l.Low != nil {
				l.Low, l.High = logLows(l.Low), logs(l.High)
			}
		}
		lines[k] = l
	}
	p.Lines = lines
	if p.LogY {
		p.Min, p.Max = log(p.Min), log(p.Max)
	}
	return p
}

func logs(values []float64) []float64 {
	out := make([]float64, len(values))
	for k, v := range values {
		out[k] = math.NaN()
		if v >= leastLog && drawable(v) {
			out[k] = math.Log10(v)
		}
	}
	return out
}

// logLows is logs for the low ends of intervals: one that is too small, as a mean
// less a deviation may be, is -Inf, beyond any axis.
func logLows(values []float64) []float64 {
	out := logs(values)
	for k, v := range values {
		if drawable(v) && v < leastLog {
			out[k] = math.Inf(-1)
		}
	}
	return out
}

func log(v *float64) *float64 {
	if v == nil {
		return nil
	}
	l := math.Log10(*v)
	return &l
}

// logTicks divides an axis into at most so many parts, with ticks at 1, 2 and 5 times
// powers of ten, or if that is too many at powers of ten; an axis that has too few of
// them has those of a linear one, and one too short for these is ticked evenly.
func logTicks(from, to float64, most int) []plot.Tick {
	for _, of := range []struct {
		digits []float64
		least  int
	}{{[]float64{1, 2, 5}, 3}, {[]float64{1}, 2}} {
		var found []plot.Tick
		for e := math.Floor(from); e <= to; e++ {
			for _, d := range of.digits {
				if at := e + math.Log10(d); at >= from-1e-9 && at <= to+1e-9 {
					found = append(found, plot.Tick{Value: at, Label: powerLabel(d, e)})
				}
			}
		}
		if len(found) <= most+1 && len(found) >= of.least {
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

// powerLabel writes digit·10^e.
func powerLabel(digit, e float64) string {
	if e < -4 || e >= 12 {
		return strconv.FormatFloat(digit*math.Pow(10, e), 'g', 1, 64)
	}
	if e >= 3 {
		return tickLabel(digit*math.Pow(10, e), math.Pow(10, e))
	}
	return strconv.FormatFloat(digit*math.Pow(10, e), 'f', int(max(0, -e)), 64)
}
