package datasets_test

import (
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
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

// The frames in the size of a model's input, here 120·160·3 = 57600 values.
func ExampleOpen_options() {
	set, err := actions.Open(actions.Options{Options: datasets.Options{Split: "few-subjects"}, Height: 120, Width: 160})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Name(), set.StepShape())
	// Output:
	// actions (few-subjects) [120 160 3]
}

// Files that numpy wrote, with clips of 1 to 3 steps.
func ExampleOpen_npz() {
	set, err := datasets.Open("npz:npz/testdata/uint8-train.npz,npz/testdata/uint8-test.npz", datasets.Options{Normalise: "none"})
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()
	fmt.Println(set.Classes(), set.StepShape())

	x := make([]float32, set.Steps()*2*4*3)
	label, steps, err := set.Read(datasets.Train, 1, x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Classes()[label], "in", steps, "of", set.Steps(), "steps, starting with", x[:3])
	// Output:
	// [stehen gehen zurück 走る] [2 4 3]
	// gehen in 2 of 4 steps, starting with [2 9 16]
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
	// datasets: no set is called "action"; did you mean "actions"? (known: actions, npz:TRAIN.npz,TEST.npz, fashion:DIR, features:DIR, folder:DIR, hmdb51:DIR, mnist:DIR, ucf11:DIR, youtube:DIR)
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
