package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// A small tensor train on the embedded clips at 32x24 pixels, for two epochs.
func ExampleRun() {
	set, err := datasets.Open("actions", datasets.Options{Split: "few-subjects", Width: 32, Height: 24})
	if err != nil {
		log.Fatal(err)
	}
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "gru", FormatSpec: zoo.FormatSpec{Format: "tt", Ranks: []int{4}}, InModes: []int{16, 12, 12}, OutModes: []int{4, 4, 4},
	}, zoo.Options{Classes: len(set.Classes()), Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	r, err := train.Run(context.Background(), m, set, train.Config{Epochs: 2, Batch: 16, LearningRate: 5e-3, Clip: 5, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(r.Epochs), "epochs;", r.Test.Clips, "test clips; loss fell:", r.Epochs[1].Train.Loss < r.Epochs[0].Train.Loss)
	again, err := train.Evaluate(context.Background(), m, set, datasets.Test, 16)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("evaluates to the same:", again.Score == r.Test.Score)
	// Output:
	// 2 epochs; 768 test clips; loss fell: true
	// evaluates to the same: true
}
