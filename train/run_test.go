package train

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// A batch of more clips than there are is one of all of them: nothing is computed for
// rows that no clip fills, and a checkpoint of a release that did goes on.
func TestBatchIsCapped(t *testing.T) {
	set := newWalks(12, 5, true)
	train := func(batch int) (*zoo.Model, Config) {
		m, cfg := newModel(t, 1, 0.2), config(2)
		cfg.Batch, cfg.Threads, cfg.Dir = batch, 40, t.TempDir()
		_, err := Run(context.Background(), m, set, cfg)
		require.NoError(t, err)
		return m, cfg
	}
	exact, _ := train(12)
	capped, cfg := train(1 << 20) // whose batches alone would be 128 MB each
	require.Equal(t, weights(exact), weights(capped))

	c, err := LoadLast(cfg.Dir)
	require.NoError(t, err)
	was := bytes.Replace(c.Training, []byte(`"batch":12,"accumulate":1,"threads":12`), []byte(`"batch":40000,"accumulate":1,"threads":40`), 1)
	require.NotEqual(t, c.Training, was)
	c.Training = was
	cfg.Epochs = 3
	_, err = Resume(context.Background(), c, set, cfg)
	require.NoError(t, err)

	e, err := Evaluate(context.Background(), exact, set, datasets.Test, 1<<20)
	require.NoError(t, err)
	require.Equal(t, 5, e.Clips)
	_, err = Gates(context.Background(), exact, set, datasets.Test, 1<<20, 1<<20)
	require.NoError(t, err)
}

// The scores of the steps are the epoch's.
func TestStepScores(t *testing.T) {
	var sum tally
	last := 0.0
	cfg := config(1)
	cfg.Accumulate, cfg.OnStep = 2, func(p Progress) {
		loss := p.StepScore.Loss * float64(p.StepScore.Clips)
		sum.add(tally{loss, p.StepScore.Accuracy * float64(p.StepScore.Clips), p.StepScore.Clips})
		require.InDelta(t, p.Loss, sum.score().Loss, 1e-9)
		last = p.StepScore.Loss
	}
	r, err := Run(context.Background(), newModel(t, 1, 0), newWalks(29, 2, true), cfg)
	require.NoError(t, err)
	require.InDelta(t, r.Epochs[0].Train.Accuracy, sum.score().Accuracy, 1e-9)
	require.NotEqual(t, r.Epochs[0].Train.Loss, last)
}

func TestDiverged(t *testing.T) {
	require.False(t, Score{Loss: 20.7}.Diverged(8))
	require.True(t, Score{Loss: 20.9}.Diverged(8))
	require.False(t, Score{}.Diverged(1))
	cfg := config(1)
	cfg.LearningRate, cfg.MaxGradNorm = 1e9, 0
	r, err := Run(context.Background(), newModel(t, 1, 0), newWalks(30, 20, true), cfg)
	require.NoError(t, err)
	require.True(t, r.Test.Diverged(2), r.Test.Loss)
}
