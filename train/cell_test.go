package train

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// inputGated is minGRU (arXiv 2410.01201), which has no U.
type inputGated struct{}

func (inputGated) Name() string { return "input-gated" }
func (inputGated) InputGated()  {}

func (inputGated) Gates() []cells.Gate {
	return []cells.Gate{{Name: "update gate", High: 1}, {Name: cells.Candidate}}
}

func (inputGated) Step(a, _ *G.Node, s cells.State) (cells.State, G.Nodes, error) {
	var e graph.Equations
	x := e.Split(a, 2)
	z := e.Sigmoid(x[0])
	return cells.State{H: e.Add(s.H, e.Mul(z, e.Sub(x[1], s.H)))}, G.Nodes{z, x[1]}, e.Err()
}

// coupled is an LSTM whose input gate is 1-f.
type coupled struct{}

func (coupled) Name() string { return "coupled" }

func (coupled) Gates() []cells.Gate {
	return []cells.Gate{{Name: "forget gate", High: 1, Bias: 1}, {Name: cells.Candidate, Low: -1, High: 1}, {Name: "output gate", High: 1}}
}

func (coupled) Step(a, u *G.Node, s cells.State) (cells.State, G.Nodes, error) {
	var e graph.Equations
	x := e.Split(e.Add(a, u), 3)
	f, g, o := e.Sigmoid(x[0]), e.Tanh(x[1]), e.Sigmoid(x[2])
	c := e.Add(g, e.Mul(f, e.Sub(s.C, g)))
	return cells.State{H: e.Mul(o, e.Tanh(c)), C: c}, G.Nodes{f, g, o}, e.Err()
}

func init() {
	cells.Register(inputGated{})
	cells.Register(coupled{})
}

// A cell that another package registers, and a GRU with a candidate bias, learn as
// others do: the same bits after stops and resumptions, and the predictor of the
// saved model agrees with the run.
func TestCellsFromOutside(t *testing.T) {
	set := newWalks(50, 40, true)
	for _, s := range []zoo.Spec{
		{Cell: "input-gated", Bidirectional: true},
		{Cell: "input-gated", Upper: []zoo.LayerSpec{{Format: decomp.TT{Ranks: []int{2}}}}},
		{Cell: "coupled", Joint: true},
		{Cell: "gru", CandidateBias: true, Bidirectional: true},
	} {
		s.Format, s.InModes, s.OutModes, s.RecurrentDropout = decomp.TT{Ranks: []int{3}}, []int{2, 2}, []int{4, 2}, 0.1
		made := func() *zoo.Model {
			m, err := zoo.FromSpec(s, zoo.Options{Classes: 2, Seed: 1})
			require.NoError(t, err)
			return m
		}
		cfg := config(4)
		cfg.Threads, cfg.Dir = 2, t.TempDir()
		through := made()
		want, err := Run(context.Background(), through, set, cfg)
		require.NoError(t, err)
		require.Less(t, want.Epochs[3].Train.Loss, want.Epochs[0].Train.Loss, s.Cell)
		wanted := files(t, cfg.Dir)

		cfg.Dir = t.TempDir()
		m, got := resumed(t, made(), set, cfg, rand.New(rand.NewPCG(1, 1)))
		require.Equal(t, weights(through), weights(m))
		require.Equal(t, want.Test, got.Test)
		require.Equal(t, wanted, files(t, cfg.Dir))

		loaded, err := zoo.Load(filepath.Join(cfg.Dir, "best"))
		require.NoError(t, err)
		require.Equal(t, weights(m), weights(loaded))
		p, err := loaded.Predictor(1)
		require.NoError(t, err)
		correct := 0
		for k := range set.Clips(datasets.Test) {
			x := make([]float32, set.Steps()*4)
			label, steps, err := set.Read(datasets.Test, k, x)
			require.NoError(t, err)
			logits, err := p.Clip(x, set.Steps(), []int{steps})
			require.NoError(t, err)
			if argmax(logits) == label {
				correct++
			}
		}
		require.NoError(t, p.Close())
		require.InDelta(t, got.Test.Accuracy, float64(correct)/40, 1e-9, s.Cell)

		gates, err := Gates(context.Background(), loaded, set, datasets.Test, 5, 40)
		require.NoError(t, err)
		for _, g := range gates {
			if s.Cell == "input-gated" && g.Name == cells.Candidate {
				require.Zero(t, g.Saturated[0], "no bounds, no saturation")
			}
		}
	}
}
