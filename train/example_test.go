package train_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// clips opens the embedded clips at 32x24 pixels.
func clips() datasets.Set {
	set, err := actions.Open(actions.Options{Options: datasets.Options{Split: "few-subjects"}, Width: 32, Height: 24})
	if err != nil {
		log.Fatal(err)
	}
	return set
}

// small returns a small tensor-train GRU for them.
func small(set datasets.Set) *zoo.Model {
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "gru", Format: decomp.TT{Ranks: []int{4}}, InModes: []int{16, 12, 12}, OutModes: []int{4, 4, 4},
	}, zoo.Options{Classes: len(set.Classes()), Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// Two epochs on the embedded clips.
func ExampleRun() {
	set := clips()
	m := small(set)
	r, err := train.Run(context.Background(), m, set, train.Config{Epochs: 2, Batch: 16, LearningRate: 5e-3, MaxGradNorm: 5, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(r.Epochs), "epochs;", r.Test.Clips, "test clips; loss fell:", r.Epochs[1].Train.Loss < r.Epochs[0].Train.Loss)
	// Output: 2 epochs; 768 test clips; loss fell: true
}

// More of what the loop can do: a part of the training clips decides when to
// stop and which weights to keep, the learning rate warms up and then falls, and
// the caller sees every epoch.
func ExampleConfig() {
	set, err := datasets.Holdout(clips(), 0.2, 1)
	if err != nil {
		log.Fatal(err)
	}
	r, err := train.Run(context.Background(), small(set), set, train.Config{
		Epochs: 3, Batch: 8, Accumulate: 2, LearningRate: 5e-3,
		Optimizer: train.AdamW{}, WeightDecay: 0.01,
		Schedule: train.WarmUp{Epochs: 0.5, Then: train.Cosine{}},
		Patience: 2, LabelSmoothing: 0.05, MaxGradNorm: 5, Seed: 1,
		OnEpoch: func(all []train.Epoch) {
			e := all[len(all)-1]
			fmt.Println("epoch", e.Epoch, "on", e.Train.Clips, "clips, judged on", e.Validation.Clips)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the model has the weights of the epoch of lowest validation loss:", r.Best > 0)
	// Output:
	// epoch 1 on 192 clips, judged on 64
	// epoch 2 on 192 clips, judged on 64
	// epoch 3 on 192 clips, judged on 64
	// the model has the weights of the epoch of lowest validation loss: true
}

// The settings of the public code that is closest to a model's paper: here they are
// tried for one epoch, on the embedded clips.
func ExampleFromRecipe() {
	e, err := zoo.Find("tt-gru")
	if err != nil {
		log.Fatal(err)
	}
	cfg, err := train.FromRecipe(e.Recipe)
	if err != nil {
		log.Fatal(err)
	}
	set := clips()
	m, err := zoo.FromSpec(small(set).Spec(), zoo.Options{Seed: 1, Dropout: &e.Recipe.Dropout, RecurrentDropout: &e.Recipe.RecurrentDropout})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.Recipe.Code, "trains for", cfg.Epochs, "epochs with", cfg.Optimizer)
	cfg.Epochs = 1
	r, err := train.Run(context.Background(), m, set, cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("here:", len(r.Epochs))
	// Output:
	// the TT authors' public code for UCF11 trains for 1001 epochs with adam:0.9:0.999:1e-08
	// here: 1
}

// A run stopped by its context resumes from its last checkpoint as if it had
// never stopped.
func ExampleResume() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	set := clips()
	ctx, stop := context.WithCancel(context.Background())
	cfg := train.Config{Epochs: 2, Batch: 16, LearningRate: 5e-3, Seed: 1, Dir: dir}
	cfg.OnStep = func(p train.Progress) {
		if p.Epoch == 2 && p.Step == 5 {
			stop()
		}
	}
	_, err = train.Run(ctx, small(set), set, cfg)
	fmt.Println(err, errors.Is(err, context.Canceled))

	c, err := train.LoadLast(dir)
	if err != nil {
		log.Fatal(err)
	}
	cfg.OnStep = nil
	r, err := train.Resume(context.Background(), c, set, cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(r.Epochs), "epochs")
	// Output:
	// train: stopped in epoch 2 after step 5: context canceled true
	// 2 epochs
}

// A loop of your own: the same step as Run's, with batches from anywhere. Here
// they are sequences of 2 to 5 steps of 4 values, whose class is the sign of the
// last.
func ExampleStepper() {
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "gru", Format: decomp.TT{Ranks: []int{2}}, InModes: []int{2, 2}, OutModes: []int{4, 2},
	}, zoo.Options{Classes: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	const steps, batch = 5, 16
	s, err := train.NewStepper(m, steps, []int{4}, train.Config{Batch: batch, LearningRate: 0.02})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	draw := func() (x []float32, lengths, labels []int) {
		for range batch {
			length, label := 2+rng.IntN(steps-1), 0
			for range length * 4 {
				x = append(x, float32(rng.NormFloat64()))
			}
			if x[len(x)-1] > 0 {
				label = 1
			}
			x = append(x, make([]float32, (steps-length)*4)...)
			lengths, labels = append(lengths, length), append(labels, label)
		}
		return x, lengths, labels
	}
	for range 300 {
		if _, err := s.Step(draw()); err != nil {
			log.Fatal(err)
		}
	}
	x, lengths, labels := draw()
	logits, err := s.Logits(x, lengths)
	if err != nil {
		log.Fatal(err)
	}
	correct := 0
	for k, label := range labels {
		if (logits[2*k+1] > logits[2*k]) == (label == 1) {
			correct++
		}
	}
	fmt.Println("nearly all correct:", correct >= batch-2)
	// Output: nearly all correct: true
}

// The best checkpoint of a run, scored class by class.
func ExampleEvaluate() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	set := clips()
	_, err = train.Run(context.Background(), small(set), set, train.Config{Epochs: 1, Batch: 16, LearningRate: 5e-3, Seed: 1, Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	m, err := zoo.Load(filepath.Join(dir, "best"))
	if err != nil {
		log.Fatal(err)
	}
	e, err := train.Evaluate(context.Background(), m, set, datasets.Test, 16)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range e.ByClass()[:2] {
		fmt.Println(c.Class, "has", c.Clips, "clips; recall is a number from 0 to 1:", c.Recall >= 0 && c.Recall <= 1)
	}
	// Output:
	// stance has 96 clips; recall is a number from 0 to 1: true
	// run has 96 clips; recall is a number from 0 to 1: true
}
