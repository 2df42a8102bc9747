package train_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Values in memory: sequences of 16 sensors that rise, or fall.
func ExampleRun_slices() {
	const clips, steps, sensors = 60, 5, 16
	x, labels := make([]float32, 0, clips*steps*sensors), make([]int, clips)
	for i := range labels {
		labels[i] = i % 2
		for k := range steps * sensors {
			x = append(x, float32(k/sensors*(1-2*labels[i])+(i*7+k*3)%5))
		}
	}
	set, err := datasets.FromSlices(x, []int{clips, steps, sensors}, labels, nil, []string{"rise", "fall"})
	if err != nil {
		log.Fatal(err)
	}
	spec, err := zoo.ParseSpec([]byte(`{"cell": "gru", "format": "tt", "in_modes": [4, 4], "out_modes": [4, 4], "ranks": [2]}`))
	if err != nil {
		log.Fatal(err)
	}
	m, err := zoo.FromSpec(spec, zoo.Options{Classes: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	result, err := train.Run(context.Background(), m, set, train.Config{Epochs: 10, Batch: 16, LearningRate: 0.02, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d test clips, accuracy %.1f\n", result.Test.Clips, result.Test.Accuracy)
	// Output:
	// 12 test clips, accuracy 1.0
}
