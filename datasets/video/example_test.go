package video_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// A clip outside any set, here raw frames from a pipe, is prepared for a model
// from what its checkpoint keeps.
func ExampleReader() {
	r := video.Reader{
		StepShape:     []int{2, 2, 1}, // 2 rows by 2 columns, grey
		Sampling:      preprocess.Sampling{Steps: 2, Sample: "even"},
		Normalisation: preprocess.Normalisation{Mean: []float64{128}, Std: []float64{64}},
	}
	three := bytes.NewReader([]byte{0, 0, 0, 0, 64, 64, 64, 64, 128, 128, 128, 192})
	clip, err := r.ReadFrom(context.Background(), three)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(clip.Steps, "steps, frames", clip.Frames)
	fmt.Println(clip.X)
	// Output:
	// 2 steps, frames [0 2]
	// [-2 -2 -2 -2 0 0 0 1]
}
