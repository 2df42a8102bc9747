package compare_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Two small models for frames of 8x6 pixels, one of them decomposed.
var models = []zoo.Entry{
	{Name: "mine", Spec: zoo.Spec{Cell: "gru", Format: decomp.TT{Ranks: []int{3}}, InModes: []int{12, 12}, OutModes: []int{4, 4}}},
	{Name: "dense", Spec: zoo.Spec{Cell: "gru", InModes: []int{144}, OutModes: []int{16}}},
}

// Two models of one's own, each trained with two seeds on a set of one's own.
func ExampleComparison() {
	set, err := actions.Open(actions.Options{Options: datasets.Options{Split: "few-subjects"}, Width: 8, Height: 6})
	if err != nil {
		log.Fatal(err)
	}
	protocol := compare.DefaultProtocol()
	protocol.Epochs, protocol.Rates = 2, []float64{1e-2}
	results, err := compare.Comparison{Models: models, Set: set, Protocol: protocol, Seeds: 2}.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range results.Models {
		fmt.Println(m.Model.Name, len(m.Accuracy.Values), "accuracies;", m.Sizes.RecurrentLayer, "learnable values; above chance:", m.Accuracy.Mean > 0.125)
	}
	var page bytes.Buffer
	fmt.Println(results.HTML(&page), page.Len() > 10000)
	// Output:
	// mine 2 accuracies; 1392 learnable values; above chance: true
	// dense 2 accuracies; 7728 learnable values; above chance: true
	// <nil> true
}

// What is kept in a folder is not made again, and the caller follows the runs.
func ExampleComparison_dir() {
	set, err := actions.Open(actions.Options{Options: datasets.Options{Split: "few-subjects"}, Width: 8, Height: 6})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "comparison")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	protocol := compare.DefaultProtocol()
	protocol.Epochs, protocol.Rates = 1, []float64{1e-2}
	c := compare.Comparison{Models: models[1:], Set: set, Protocol: protocol, Dir: dir, OnProgress: func(p compare.Progress) {
		if p.Run != nil {
			fmt.Printf("%d of %d: seed %d, found: %v\n", p.Ended, p.Runs, p.Run.Seed, p.Found)
		}
	}}
	for c.Seeds = 1; c.Seeds <= 2; c.Seeds++ {
		results, err := c.Run(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		if err := results.Save(dir); err != nil {
			log.Fatal(err)
		}
	}
	c.Epochs = 3
	_, err = c.Run(context.Background())
	fmt.Println(err != nil)
	// Output:
	// 1 of 1: seed 1, found: false
	// 1 of 2: seed 1, found: true
	// 2 of 2: seed 2, found: false
	// true
}

// The time of a training step, of its forward pass and of a single frame.
func ExampleMeasure() {
	cost, err := compare.Measure(context.Background(), models[0], compare.Measuring{Batch: 4, Steps: 6, Threads: 1, Runs: 20})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cost.Params, "learnable values; timed:", cost.StepMedian > 0 && cost.Forward > 0 && cost.Frame > 0)
	// Output: 1579 learnable values; timed: true
}

// How the time of a step grows with its input; growth-input.png shows it.
func ExampleMeasureGrowth() {
	dir, err := os.MkdirTemp("", "growth")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	g, err := compare.MeasureGrowth(context.Background(), dir, compare.Measuring{Batch: 1, Steps: 1, Threads: 1, Runs: 1}, nil, "input")
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range g.Curves[0].Points[:3] {
		fmt.Println(g.Curves[0].Format, p.Size, "values a frame:", p.Product.Weights, "weights")
	}
	// Output:
	// tt 1296 values a frame: 1248 weights
	// tt 4096 values a frame: 1664 weights
	// tt 10000 values a frame: 2080 weights
}
