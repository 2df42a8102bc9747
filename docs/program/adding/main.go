// The adding problem (Hochreiter and Schmidhuber 1997): of a thousand random numbers two are
// marked, the first in one half of the sequence and the second in the other, and their sum is
// asked for at the end. A GRU of tensorzoo learns it in a graph of the program's own.
package main

import (
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

func main() {
	units := flag.Int("units", 64, "hidden units")
	steps := flag.Int("steps", 1000, "numbers of a sequence")
	batch := flag.Int("batch", 32, "sequences of a batch")
	batches := flag.Int("batches", 5000, "the most batches")
	rate := flag.Float64("lr", 5e-3, "learning rate")
	goal := flag.Float64("goal", 0.005, "mean square at which to stop")
	every := flag.Int("every", 100, "batches between lines")
	seed := flag.Uint64("seed", 1, "fixes sequences and initial weights")
	flag.Parse()
	for _, f := range []struct {
		name         string
		value, least int
	}{{"units", *units, 1}, {"steps", *steps, 2}, {"batch", *batch, 1}, {"batches", *batches, 1}, {"every", *every, 1}} {
		if f.value < f.least {
			fmt.Fprintf(os.Stderr, "-%s %d; want at least %d\n", f.name, f.value, f.least)
			os.Exit(2)
		}
	}

	m := must(zoo.FromSpec(zoo.Spec{Cell: "gru", InModes: []int{2}, OutModes: []int{*units}, Memory: *steps}, zoo.Options{Seed: *seed}))
	x := tensor.New(tensor.WithShape(*batch, *steps, 2), tensor.Of(tensor.Float32))
	sums := tensor.New(tensor.WithShape(*batch, 1), tensor.Of(tensor.Float32))
	rng := rand.New(rand.NewPCG(*seed, 0))

	g := gorgonia.NewGraph()
	input := func(name string, v *tensor.Dense) *gorgonia.Node {
		return must(graph.Input(g, name, tensor.Float32, v.Shape(), v))
	}
	net := must(m.Build(g, input("x", x), zoo.BuildOptions{Training: true}))
	head := input("head", tensor.New(tensor.WithShape(*units, 1), tensor.WithBacking(make([]float32, *units))))
	loss := must(graph.MeanSquare(must(gorgonia.Mul(net.Last, head)), input("sums", sums)))
	learnables := append(net.Layers(), head)
	program := must(graph.Compile(gorgonia.Nodes{loss}, must(graph.Grad(loss, learnables...)), learnables))
	solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(*rate))

	// Every batch is new: its mean square, before the step, is that of a test.
	total := 0.0
	for k := 1; k <= *batches; k++ {
		draw(rng, x, sums)
		must(0, program.Run())
		total += must(program.Scalar(loss))
		clip(learnables, 1)
		must(0, solver.Step(gorgonia.NodesToValueGrads(learnables)))
		if k%*every > 0 {
			continue
		}
		mean := total / float64(*every)
		fmt.Printf("batches %5d to %5d: mean square %.5f\n", k-*every+1, k, mean)
		if total = 0; mean < *goal {
			break
		}
	}
}

// draw makes new sequences x (batch, steps, 2), of a number and a mark, and their sums less 1, which is their mean.
func draw(rng *rand.Rand, x, sums *tensor.Dense) {
	batch, steps := x.Shape()[0], x.Shape()[1]
	values, targets := x.Data().([]float32), sums.Data().([]float32)
	for b := range batch {
		row := values[b*2*steps : (b+1)*2*steps]
		for t := range steps {
			row[2*t], row[2*t+1] = rng.Float32(), 0
		}
		targets[b] = -1
		for _, t := range []int{rng.IntN(steps / 2), steps/2 + rng.IntN(steps-steps/2)} {
			row[2*t+1] = 1
			targets[b] += row[2*t]
		}
	}
}

// clip scales all gradients down to a global norm of limit.
func clip(nodes gorgonia.Nodes, limit float64) {
	var grads [][]float32
	square := 0.0
	for _, n := range nodes {
		grad := must(n.Grad()).Data().([]float32)
		for _, v := range grad {
			square += float64(v) * float64(v)
		}
		grads = append(grads, grad)
	}
	if norm := math.Sqrt(square); norm > limit {
		for _, grad := range grads {
			for k := range grad {
				grad[k] *= float32(limit / norm)
			}
		}
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
