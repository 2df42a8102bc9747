package cells_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// MinGRU is the minimal GRU of Feng et al. (arXiv 2410.01201), whose gates do not
// read the state:
//
//	z = σ(x·W_z + b_z)
//	g = x·W_g + b_g
//	h' = (1-z) ⊙ h + z ⊙ g
type MinGRU struct{}

func init() { cells.Register(MinGRU{}) }

func (MinGRU) Name() string { return "mingru" }

func (MinGRU) Gates() []cells.Gate {
	return []cells.Gate{{Name: "update gate", High: 1}, {Name: cells.Candidate}}
}

// InputGated says that there is no U.
func (MinGRU) InputGated() {}

func (MinGRU) Step(a, _ *G.Node, s cells.State) (cells.State, G.Nodes, error) {
	var e graph.Equations
	x := e.Split(a, 2)
	z, g := e.Sigmoid(x[0]), x[1]
	h := e.Add(s.H, e.Mul(z, e.Sub(g, s.H)))
	return cells.State{H: h}, G.Nodes{z, g}, e.Err()
}

// A cell of one's own in a spec, trained, saved, resumed, and read again for
// prediction, as any other is.
func ExampleRegister() {
	spec, err := zoo.ParseSpec([]byte(`{
		"cell": "mingru", "format": "tt", "in_modes": [2, 2], "out_modes": [4, 2], "ranks": [2], "upper": [{"format": "tt", "ranks": [2]}], "classes": 2
	}`))
	if err != nil {
		log.Fatal(err)
	}
	m, err := zoo.FromSpec(spec, zoo.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "mingru")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cfg := train.Config{Epochs: 20, Batch: 8, LearningRate: 0.02, Seed: 1, Dir: dir}
	ctx, stop := context.WithCancel(context.Background())
	cfg.OnStep = func(p train.Progress) {
		if p.Epoch == 5 {
			stop()
		}
	}
	_, err = train.Run(ctx, m, signs(), cfg)
	fmt.Println(err)

	c, err := zoo.LoadCheckpoint(filepath.Join(dir, "last"))
	if err != nil {
		log.Fatal(err)
	}
	cfg.OnStep = nil
	r, err := train.Resume(context.Background(), c, signs(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("test accuracy above 0.8:", r.Test.Accuracy > 0.8)

	if m, err = zoo.Load(filepath.Join(dir, "best")); err != nil {
		log.Fatal(err)
	}
	p, err := m.Predictor(1)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	logits, err := p.Clip([]float32{2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0}, 5, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("up:", logits[1] > logits[0])
	// Output:
	// train: stopped in epoch 5 after step 1: context canceled
	// test accuracy above 0.8: true
	// up: true
}

// signs are sequences of 5 steps of 4 values, whose class is the sign of the sum of
// the first values.
func signs() datasets.Set {
	var s memory
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		x, sum, class := make([]float32, 20), float32(0), 0
		for k := range x {
			x[k] = float32(rng.NormFloat64())
			if k%4 == 0 {
				sum += x[k]
			}
		}
		if sum > 0 {
			class = 1
		}
		s.x, s.classes = append(s.x, x), append(s.classes, class)
	}
	return &s
}

// memory is a set of 100 training and 100 test clips.
type memory struct {
	x       [][]float32
	classes []int
}

func (s *memory) Name() string                            { return "signs" }
func (s *memory) Classes() []string                       { return []string{"down", "up"} }
func (s *memory) StepShape() []int                        { return []int{4} }
func (s *memory) Steps() int                              { return 5 }
func (s *memory) Normalisation() preprocess.Normalisation { return preprocess.Normalisation{} }
func (s *memory) Label(datasets.Part, int) int            { return -1 }
func (s *memory) Group(datasets.Part, int) string         { return "" }
func (s *memory) Sampling() *preprocess.Sampling          { return nil }
func (s *memory) Fingerprint() string                     { return "signs" }
func (s *memory) Close() error                            { return nil }

func (s *memory) Clips(p datasets.Part) int {
	if p == datasets.Validation {
		return 0
	}
	return 100
}

func (s *memory) Read(p datasets.Part, i int, x []float32) (label, steps int, err error) {
	if p == datasets.Test {
		i += 100
	}
	copy(x, s.x[i])
	return s.classes[i], 5, nil
}
