package preprocess_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

func TestCheck(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, test := range []struct {
		mean, std []float64
		shape     []int
		want      string
	}{
		{nil, nil, []int{4, 3}, ""},
		{nil, nil, nil, ""},
		{[]float64{1}, []float64{2}, []int{4, 3}, ""},
		{[]float64{1}, []float64{2}, nil, ""},
		{[]float64{1, 2, 3}, []float64{2, 3, 4}, []int{4, 3}, ""},
		{[]float64{1, 2}, []float64{2}, []int{4, 2}, "normalisation: Mean has 2 entries and Std 1, want as many"},
		{nil, []float64{2}, []int{4, 2}, "normalisation: Mean has 0 entries and Std 1, want as many"},
		{[]float64{1, 2}, []float64{2, 3}, []int{2, 3}, "normalisation: there are 2 entries, want 0, 1 or 3, the last axis of a step"},
		{[]float64{1, 2}, []float64{2, 3}, nil, "normalisation: there are 2 entries, want 0, 1 or 1, the last axis of a step"},
		{[]float64{nan}, []float64{1}, []int{3}, "normalisation: Mean[0] is NaN, want a finite number"},
		{[]float64{0, inf}, []float64{1, 1}, []int{2}, "normalisation: Mean[1] is +Inf, want a finite number"},
		{[]float64{0}, []float64{0}, []int{2}, "normalisation: Std[0] is 0, want a finite number above 0"},
		{[]float64{0}, []float64{-1}, []int{2}, "normalisation: Std[0] is -1, want a finite number above 0"},
		{[]float64{0}, []float64{nan}, []int{2}, "normalisation: Std[0] is NaN, want a finite number above 0"},
		{[]float64{0}, []float64{inf}, []int{2}, "normalisation: Std[0] is +Inf, want a finite number above 0"},
	} {
		err := preprocess.Normalisation{Mean: test.mean, Std: test.std}.Check(test.shape)
		if test.want == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, test.want)
		}
	}
}

func TestApply(t *testing.T) {
	stored := []float32{0, 10, 2, 20, 4, 30}
	for _, test := range []struct {
		n    preprocess.Normalisation
		want []float32
	}{
		{preprocess.Normalisation{}, stored},
		{preprocess.Normalisation{Mean: []float64{2}, Std: []float64{4}}, []float32{-0.5, 2, 0, 4.5, 0.5, 7}},
		{preprocess.Normalisation{Mean: []float64{2, 20}, Std: []float64{2, 10}}, []float32{-1, -1, 0, 0, 1, 1}},
	} {
		x := append([]float32(nil), stored...)
		test.n.Apply(x)
		assert.Equal(t, test.want, x)
	}
}

// A checkpoint keeps every bit.
func TestJSON(t *testing.T) {
	n := preprocess.Normalisation{Mean: []float64{1.0 / 3, 0.1}, Std: []float64{math.Pi, 5e-324}}
	text, err := json.Marshal(n)
	require.NoError(t, err)
	assert.Contains(t, string(text), `{"mean":[`)
	var back preprocess.Normalisation
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, n, back)
}

// Bytes gives the bits of Apply, with and without a table.
func TestBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels, rows := rapid.IntRange(0, 6).Draw(t, "channels"), rapid.SampledFrom([]int{1, 20, 300}).Draw(t, "rows")
		n := preprocess.Normalisation{}
		for range channels {
			n.Mean = append(n.Mean, rapid.Float64Range(-9, 300).Draw(t, "mean"))
			n.Std = append(n.Std, rapid.Float64Range(0.01, 99).Draw(t, "std"))
		}
		stored := make([]byte, rows*max(1, channels))
		want := make([]float32, len(stored))
		for k := range stored {
			stored[k] = byte(k * 37)
			want[k] = float32(stored[k])
		}
		n.Apply(want)
		got := make([]float32, len(stored))
		n.Bytes(got, stored)
		require.Equal(t, want, got)
	})
}
