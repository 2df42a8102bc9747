package charts

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func labels(a axis) (labels []string) {
	for _, t := range a.ticks {
		labels = append(labels, t.label)
	}
	return labels
}

func TestStepAxis(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to float64
		want     []string
	}{
		{"no step", noSpan.min, noSpan.max, []string{"0", "1"}},
		{"one epoch", 1, 1, []string{"1"}},
		{"two", 1, 2, []string{"1", "2"}},
		{"eight", 1, 8, []string{"1", "2", "3", "4", "5", "6", "7", "8"}},
		{"thirty", 1, 30, []string{"5", "10", "15", "20", "25", "30"}},
		{"continued", 101, 120, []string{"105", "110", "115", "120"}},
		{"a thousand", 1, 1000, []string{"200", "400", "600", "800", "1000"}},
		{"between", 1.2, 1.7, nil},
		{"a million", 0, 4e6, []string{"0", "5e5", "1e6", "1.5e6", "2e6", "2.5e6", "3e6", "3.5e6", "4e6"}},
	} {
		assert.Equal(t, test.want, labels(stepAxis(span{test.from, test.to})), test.name)
	}
}

func TestValueAxis(t *testing.T) {
	for _, test := range []struct {
		name     string
		data     span
		min, max *float64
		want     []string
	}{
		{"no value", noSpan, nil, nil, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{"accuracy", span{0.3, 0.4}, ptr(0), ptr(1), []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{"loss", span{0.4, 2.3}, nil, nil, []string{"0.5", "1.0", "1.5", "2.0"}},
		{"from 0", span{0.4, 2.3}, ptr(0), nil, []string{"0", "0.5", "1.0", "1.5", "2.0"}},
		{"constant", span{10, 10}, nil, nil, []string{"9.0", "9.5", "10.0", "10.5", "11.0"}},
		{"almost constant", span{10, 10 + 1e-9}, nil, nil, []string{"9.0", "9.5", "10.0", "10.5", "11.0"}},
		{"constant 0", span{0, 0}, nil, nil, []string{"-0.4", "-0.2", "0", "0.2", "0.4"}},
		{"constant 0 from 0", span{0, 0}, ptr(0), nil, []string{"0", "0.1", "0.2", "0.3", "0.4", "0.5"}},
		{"all below Min", span{-5, -4}, ptr(10), nil, []string{"10.0", "10.2", "10.4", "10.6", "10.8", "11.0"}},
		{"all above Max", span{4, 5}, nil, ptr(-10), []string{"-11.0", "-10.8", "-10.6", "-10.4", "-10.2", "-10.0"}},
		{"denormal", span{0, 5e-324}, nil, nil, []string{"-0.4", "-0.2", "0", "0.2", "0.4"}},
		{"large", span{0, 4e9}, nil, nil, []string{"0", "1e9", "2e9", "3e9", "4e9"}},
		{"small", span{0, 1.2e-7}, nil, nil, []string{"0", "2e-8", "4e-8", "6e-8", "8e-8", "1e-7", "1.2e-7"}},
		{"negative", span{-4e9, 0}, nil, nil, []string{"-4e9", "-3e9", "-2e9", "-1e9", "0"}},
	} {
		assert.Equal(t, test.want, labels(valueAxis(test.data, test.min, test.max)), test.name)
	}
}

func TestRoundStep(t *testing.T) {
	for rough, want := range map[float64]float64{0.07: 0.1, 0.1: 0.1, 0.11: 0.2, 0.21: 0.5, 0.51: 1, 1: 1, 3: 5, 7: 10, 1e-9: 1e-9} {
		digit, exponent := roundStep(rough, false)
		want, wantExponent := roundStep(want, false)
		assert.Equal(t, want, digit, "%v", rough)
		assert.Equal(t, wantExponent, exponent, "%v", rough)
	}
	digit, exponent := roundStep(0.07, true)
	assert.Equal(t, 1.0, digit)
	assert.Equal(t, 0, exponent)
}
