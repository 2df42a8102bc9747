package datasets_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// The set that is part of the program, at its own frame size.
func ExampleOpen() {
	set, err := datasets.Open("actions", datasets.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Name())
	fmt.Println(set.Classes())
	fmt.Println(set.Steps(), "steps of", set.StepShape())
	fmt.Println(set.Clips(datasets.Train), "training and", set.Clips(datasets.Test), "test clips")
	// Output:
	// actions (heldout-subjects)
	// [stance run swing cast shoot block hit die]
	// 6 steps of [48 64 3]
	// 768 training and 256 test clips
}

// A tenth of the training clips is held out, to choose between models.
func ExampleHoldout() {
	set, err := datasets.Open("actions", datasets.Options{})
	if err != nil {
		log.Fatal(err)
	}
	const seed = 1
	set, err = datasets.Holdout(set, 0.1, seed)
	if err != nil {
		log.Fatal(err)
	}
	for _, part := range []datasets.Part{datasets.Train, datasets.Validation, datasets.Test} {
		fmt.Println(part, set.Clips(part))
	}
	// Output:
	// train 704
	// validation 64
	// test 256
}

// A misspelt name is answered with the one that was probably meant.
func ExampleOpen_unknown() {
	_, err := datasets.Open("action", datasets.Options{})
	fmt.Println(err)
	// Output:
	// datasets: no set is called "action"; did you mean "actions"? (known: actions, counting:NAME, npz:TRAIN.npz,TEST.npz, fashion:DIR, features:DIR, folder:DIR, hmdb51:DIR, mnist:DIR, ucf11:DIR, youtube:DIR)
}

// One epoch in shuffled batches. The last batch has fewer clips and is zero
// from there on.
func ExampleBatches() {
	set, err := datasets.Open("actions", datasets.Options{Split: "few-subjects"})
	if err != nil {
		log.Fatal(err)
	}
	const seed, epoch = 1, 0
	order := datasets.Order(set.Clips(datasets.Train), seed, epoch)
	for batch, err := range datasets.Batches(set, datasets.Train, 100, order) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Len, "clips in", len(batch.X), "values")
	}
	// Output:
	// 100 clips in 5529600 values
	// 100 clips in 5529600 values
	// 56 clips in 5529600 values
}

// The training part has four subjects: two to judge on and two to train on.
func ExampleFold() {
	set, err := datasets.Open("actions", datasets.Options{Split: "few-subjects"})
	if err != nil {
		log.Fatal(err)
	}
	const folds, seed = 2, 1
	for fold := range folds {
		inner, err := datasets.Fold(set, folds, fold, seed)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(inner.Name(), inner.Clips(datasets.Train), inner.Clips(datasets.Test))
	}
	// Output:
	// actions (few-subjects), fold 1 of 2 of its training part 128 128
	// actions (few-subjects), fold 2 of 2 of its training part 128 128
}

// Frames whose brightness and colours differ from epoch to epoch.
func ExampleAugment() {
	set, err := datasets.Open("actions", datasets.Options{})
	if err != nil {
		log.Fatal(err)
	}
	how, err := datasets.ParseAugmentation("brightness:0.3,colour:0.2")
	if err != nil {
		log.Fatal(err)
	}
	x := make([]float32, 6*48*64*3)
	const seed, clip = 1, 0
	for epoch := range 2 {
		if _, _, err := datasets.Augment(set, how, seed, epoch).Read(datasets.Train, clip, x); err != nil {
			log.Fatal(err)
		}
		brightest := x[0]
		for _, v := range x {
			brightest = max(brightest, v)
		}
		fmt.Printf("epoch %d: up to %.1f standard deviations\n", epoch, brightest)
	}
	// Output:
	// epoch 0: up to 9.5 standard deviations
	// epoch 1: up to 15.3 standard deviations
}

// Values in memory: ten clips of one to three steps of two values each. Without a split
// of its own every fifth clip of a class is tested.
func ExampleFromSlices() {
	x := make([]float32, 10*3*2)
	labels, lengths := make([]int, 10), make([]int, 10)
	for i := range labels {
		labels[i], lengths[i] = i%2, 1+i%3
		x[i*3*2] = float32(i)
	}
	set, err := datasets.FromSlices(x, []int{10, 3, 2}, labels, lengths, []string{"even", "odd"})
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range datasets.Batches(set, datasets.Train, 4, datasets.Order(set.Clips(datasets.Train), 1, 0)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Labels, batch.Steps)
	}
	// Output:
	// [0 1 1 1] [3 1 2 2]
	// [0 0 0 1] [3 1 1 3]
}

// The first six clips are trained on, the others are tested, as they are stored.
func ExampleSlices() {
	set, err := datasets.Slices{
		X: make([]float32, 8*5), Shape: []int{8, 5, 1}, Labels: []int{0, 1, 0, 1, 0, 1, 0, 1}, Train: 6,
	}.Set(datasets.Options{Normalise: "none"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Clips(datasets.Train), "and", set.Clips(datasets.Test), "clips of", set.Classes())
	// Output:
	// 6 and 2 clips of [0 1]
}

// counting is a set of clips that are computed when they are read: the numbers from 0 on,
// upwards or downwards.
func counting(name string) datasets.Set {
	t := datasets.Table{Name: name, Classes: []string{"up", "down"}, StepShape: []int{1}, Steps: 4}
	t.Parts[datasets.Train], t.Parts[datasets.Test] = []int{0, 1, 2, 3}, []int{4, 5}
	t.Read = func(clip int, x []float32) (label, steps int, err error) {
		for k := range x {
			x[k] = float32(k)
		}
		if clip%2 == 1 {
			slices.Reverse(x)
		}
		return clip % 2, len(x), nil
	}
	return datasets.New(t)
}

// A set of one's own: New makes it of a function that reads a clip.
func ExampleNew() {
	set := counting("numbers")
	x := make([]float32, 4)
	label, _, err := set.Read(datasets.Test, 1, x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Classes()[label], x)
	// Output:
	// down [3 2 1 0]
}

func init() {
	datasets.Register(datasets.Kind{Pattern: "counting:NAME", Open: func(_ context.Context, name string, _ datasets.Options) (datasets.Set, error) {
		return counting(name), nil
	}})
}

// A kind of one's own, which Open finds by its name when the package is imported that
// has
//
//	func init() {
//		datasets.Register(datasets.Kind{Pattern: "counting:NAME", Open: open})
//	}
func ExampleRegister() {
	set, err := datasets.Open("counting:numbers", datasets.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Name(), set.Clips(datasets.Train), set.Clips(datasets.Test))
	// Output:
	// counting:numbers 4 2
}
