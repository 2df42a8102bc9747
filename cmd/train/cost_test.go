package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/zoo"
)

func TestWhereTimeGoesInWords(t *testing.T) {
	e, err := zoo.Find("ht-lstm")
	require.NoError(t, err)
	d, err := zoo.Describe(e)
	require.NoError(t, err)
	shares := compare.Shares{Products: 0.704, Packing: 0.05, Elementwise: 0.2, Moving: 0.06, Optimiser: 0.03, Other: 0.006, Samples: 1234, StepMedian: 20.06}
	full := modelFigures{d, &step{shares, 16, 6, 1}}
	text := worded("description", full)
	require.Contains(t, text, "\n\nA training step of 16 clips of 6 steps takes 20.1 ms on 1 thread. Processor time goes into\n")
	require.Regexp(t, `products of matrices +│ 70 %, of which packing 5 %\n elementwise work +│ 20 %: .*\n moving +│ 6 %: .*\n optimiser +│ 3 %: .*\n other +│ 1 %: .*\nby 1,234 samples\n`, text)

	data, err := json.Marshal(full)
	require.NoError(t, err)
	require.Contains(t, string(data), `"training_step":{"products":0.704,`)
	data, err = json.Marshal(modelFigures{Description: d})
	require.NoError(t, err)
	require.NotContains(t, string(data), "training_step")
}

func TestMistakesOfCost(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-cost"}, "give -describe -cost"},
		{[]string{"-list", "-cost"}, "give -describe -cost"},
		{[]string{"-describe", "-cost", "-steps", "all"}, "-steps is all; want a number"},
		{[]string{"-describe", "-cost", "-batch", "3000000"}, "give a smaller -batch"},
		{[]string{"-describe", "-steps", "9"}, "-steps says nothing about -data actions"},
	} {
		_, err := call(c.args...)
		require.ErrorContains(t, err, c.says)
		require.Equal(t, 2, cmdline.ExitCode(err), c.says)
	}
}
