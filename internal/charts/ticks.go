package charts

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// mostTicks is the number of parts that ticks divide an axis into at most.
const mostTicks = 8

// ticker puts ticks on an axis, at multiples of at least least where it is not
// logarithmic. Their labels are beside each other on an axis of that length, and as many as
// there is room for; 0 is for one whose labels are not.
func ticker(log bool, least float64, length vg.Length) plot.Ticker {
	label := style(tickSize, 0, 0)
	return plot.TickerFunc(func(from, to float64) (found []plot.Tick) {
		for most := mostTicks; most > 0; most-- {
			if found = ticks(from, to, least, most); log {
				found = logTicks(from, to, most)
			}
			fits, end := true, vg.Length(math.Inf(-1)) // of the label before
			for _, m := range found {
				at, half := vg.Length((m.Value-from)/(to-from))*length, label.Width(m.Label)/2
				fits = fits && at-half >= end+2*textGap
				end = at + half
			}
			if fits || length == 0 {
				break
			}
		}
		return found
	})
}

// ticks divides an axis into at most so many parts, with ticks at multiples of 1, 2
// or 5 times a power of ten that is no smaller than least. gonum's own have three
// labels on an axis, and parts of epochs.
func ticks(from, to, least float64, most int) (found []plot.Tick) {
	rough := max((to-from)/float64(most), least)
	exponent := math.Floor(math.Log10(rough))
	step := math.Pow(10, exponent)
	for _, by := range []float64{2, 2.5, 2} {
		if step < rough*(1-1e-9) {
			step *= by
		}
	}
	first := math.Ceil(from/step - 1e-9)
	for k := range most + 1 {
		v := (first + float64(k)) * step
		if v > to+1e-9*step {
			break
		}
		found = append(found, plot.Tick{Value: v, Label: tickLabel(v, step)})
	}
	return found
}

// tickLabel writes v with as many digits as tell it from the next step: 20k or 1.5M where thousands or millions do.
func tickLabel(v, step float64) string {
	if math.Abs(v) < step/2 {
		return "0"
	}
	if step > 999 && math.Abs(v) < 0.999e12 {
		unit, suffix := 1e3, 0
		for suffix < 2 && math.Abs(v) >= 0.999e3*unit {
			unit, suffix = 1e3*unit, suffix+1
		}
		return strconv.FormatFloat(v/unit, 'f', int(max(0, math.Ceil(math.Log10(unit/step)-1e-9))), 64) + string("kMG"[suffix])
	}
	if math.Abs(v) >= 1e6 || step < 1e-5 {
		return strconv.FormatFloat(v, 'g', 2+int(math.Log10(math.Abs(v)/step)), 64)
	}
	return strconv.FormatFloat(v, 'f', int(max(0, -math.Floor(math.Log10(step)+1e-9))), 64)
}

// leastLog is the least value that a logarithmic axis shows, as far from 1 as the
// largest: powers of ten beyond have no number for a label.
const leastLog = 1e-30

// logTicks divides an axis into at most so many parts, with ticks at 1, 2 and 5 times powers
// of ten, or if that is too many at powers of ten; an axis that has too few of them, or is
// too short, has those of a linear one.
func logTicks(from, to float64, most int) (found []plot.Tick) {
	for e := math.Floor(from); e <= to; e++ {
		for _, d := range []float64{1, 2, 5} {
			if at := e + math.Log10(d); at >= from-1e-9 && at <= to+1e-9 {
				found = append(found, plot.Tick{Value: at, Label: powerLabel(d, e)})
			}
		}
	}
	if len(found) >= 3 && len(found) <= most+1 {
		return found
	}
	if found = ticks(from, to, 1, most); len(found) > 1 {
		for k, t := range found {
			found[k].Label = powerLabel(1, math.Round(t.Value))
		}
		return found
	}
	found = ticks(math.Pow(10, from), math.Pow(10, to), 0, most)
	for k, t := range found {
		found[k].Value = math.Log10(t.Value)
	}
	return found
}

// powerLabel writes d times ten to the power of e.
func powerLabel(d, e float64) string {
	power := math.Pow(10, e)
	return tickLabel(d*power, power*(1-1e-12)) // 1e-05 is below the limit
}
