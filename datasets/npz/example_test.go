package npz_test

import (
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/npz"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Files that numpy wrote, with clips of 1 to 3 steps.
func ExampleOpen() {
	set, err := npz.Open("npz:testdata/uint8-train.npz,testdata/uint8-test.npz", datasets.Options{Normalise: "none"})
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

// Clips for a trained model to classify need no labels.
func ExampleOpenClips() {
	ofCheckpoint, classes := preprocess.Normalisation{Mean: []float64{128}, Std: []float64{64}}, []string{"stehen", "gehen", "zurück", "走る"}
	set, err := npz.OpenClips("testdata/uint8-test.npz", ofCheckpoint, classes)
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()
	fmt.Println(set.Clips(datasets.Test), "clips of", set.StepShape())
	// Output:
	// 5 clips of [2 4 3]
}
