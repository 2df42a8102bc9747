package cells_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
)

// Package zoo's tests of Predictor compare what a Runner computes.
func TestRunnerErrors(t *testing.T) {
	s, err := cells.New(cells.Layer{Cell: cells.GRU{}, In: []int{2}, Out: []int{3}})
	require.NoError(t, err)
	params := map[string]*tensor.Dense{}
	for _, p := range s.Params() {
		params[p.Name] = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(p.Shape...))
	}
	r, err := s.Runner(params, 1)
	require.NoError(t, err)
	state, err := r.Step([]float32{1, 2})
	require.NoError(t, err)
	require.Equal(t, []float32{0, 0, 0}, state)
	require.NoError(t, r.Close())

	params["layer1.recurrent.W"] = tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(3, 9))
	_, err = s.Runner(params, 1)
	require.EqualError(t, err, "cells: parameter layer1.recurrent.W is float64 (3, 9); want float32 (3, 9)")
	delete(params, "layer1.recurrent.W")
	_, err = s.Runner(params, 1)
	require.EqualError(t, err, "cells: no value for parameter layer1.recurrent.W")
}
