package charts

import (
	"math"
	"strconv"
	"strings"
)

// tiny is where a range is too short to compute with.
const tiny = 1e-300

// span is the range of some values.
type span struct{ min, max float64 }

// noSpan contains nothing.
var noSpan = span{math.Inf(1), math.Inf(-1)}

// add makes s contain v, if v can be drawn.
func (s *span) add(v float64) {
	if drawable(v) {
		s.min, s.max = math.Min(s.min, v), math.Max(s.max, v)
	}
}

// axis is one side of a coordinate system.
type axis struct {
	span
	ticks []tick
}

type tick struct {
	value float64
	label string
}

// position returns 0 for the start of the axis and 1 for its end. What is far
// beyond is drawn nearer than it is: nobody sees that, and with huge coordinates
// clipping fails and painting takes minutes.
func (a axis) position(v float64) float64 {
	const far = 1e5
	return math.Max(-far, math.Min(far, (v-a.min)/(a.max-a.min)))
}

// valueAxis makes an axis of data between min and max, where given. Only an end
// that is not given leaves room beyond the data.
func valueAxis(data span, min, max *float64) axis {
	if data.min > data.max {
		data = span{0, 1}
	}
	if min != nil {
		data.min = *min
	}
	if max != nil {
		data.max = *max
	}
	size := math.Max(math.Abs(data.min), math.Abs(data.max))
	room := 0.04 * (data.max - data.min)
	if data.max-data.min <= 1e-6*size || size < tiny { // one value, or all beyond the given end
		room = 0.1 * size
		if size < tiny {
			room = 0.5
		}
	}
	low, high := data.min, data.max
	if min == nil {
		low = math.Min(data.min, data.max) - room
	}
	if max == nil {
		high = math.Max(data.min, data.max) + room
	}
	return newAxis(span{low, high}, span{low, high}, 8, false)
}

// stepAxis makes an axis of whole numbers. There is room beyond the first and the
// last step, but no tick, for there are no such steps.
func stepAxis(data span) axis {
	if data.min > data.max {
		data = span{0, 1}
	}
	room := 0.03 * (data.max - data.min)
	if data.max-data.min < 1 {
		room = math.Max(0.5, 1e-6*math.Abs(data.max)) // seen as a difference in float64
	}
	return newAxis(span{data.min - room, data.max + room}, data, 10, true)
}

// newAxis makes an axis along s with about count ticks, or half as many, at
// round numbers of ticked.
func newAxis(s, ticked span, count float64, whole bool) axis {
	digit, exponent := roundStep((s.max-s.min)/count, whole)
	step := digit * math.Pow10(exponent)
	first := math.Ceil(ticked.min/step - 1e-9)
	n := int(math.Floor(ticked.max/step+1e-9) - first)
	a := axis{span: s}
	for i := range max(0, n+1) {
		k := first + float64(i)
		value := k * step
		if exponent < 0 { // 3·0.1 is not 0.3, 3/10 is
			value = k * digit / math.Pow10(-exponent)
		}
		a.ticks = append(a.ticks, tick{value: value + 0}) // no -0
	}
	size := math.Max(math.Abs(s.min), math.Abs(s.max))
	for i := range a.ticks {
		a.ticks[i].label = tickLabel(a.ticks[i].value, size, exponent)
	}
	return a
}

// roundStep returns the least step of 1, 2 or 5 times a power of ten that is at
// least rough.
func roundStep(rough float64, whole bool) (digit float64, exponent int) {
	if whole && rough <= 1 {
		return 1, 0
	}
	exponent = int(math.Floor(math.Log10(rough)))
	fraction := rough / math.Pow10(exponent)
	for _, digit := range []float64{1, 2, 5} {
		if fraction <= digit*(1+1e-9) {
			return digit, exponent
		}
	}
	return 1, exponent + 1
}

// tickLabel writes v with the digits that steps of 10^exponent need, on an axis
// whose values are up to size.
func tickLabel(v, size float64, exponent int) string {
	if v == 0 {
		return "0"
	}
	if size < 1e6 && size >= 1e-3 {
		return strconv.FormatFloat(v, 'f', max(0, -exponent), 64)
	}
	digits := max(0, int(math.Floor(math.Log10(math.Abs(v))+1e-9))-exponent)
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits, 64), "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	n, _ := strconv.Atoi(power) // FormatFloat wrote it
	return mantissa + "e" + strconv.Itoa(n)
}
