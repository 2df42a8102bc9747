package video_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/tensorzoo/tensorzoo/datasets"
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

// Clips that are folders of pictures, in a folder for each class; videos take ffmpeg.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "clips")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for k := range 10 {
		clip := filepath.Join(dir, "clips", []string{"walk", "run"}[k%2], fmt.Sprint(k))
		if err := os.MkdirAll(clip, 0o777); err != nil {
			log.Fatal(err)
		}
		for frame := range 4 {
			file, err := os.Create(filepath.Join(clip, fmt.Sprintf("%d.png", frame)))
			if err != nil {
				log.Fatal(err)
			}
			if err := png.Encode(file, image.NewGray(image.Rect(0, 0, 8, 6))); err != nil {
				log.Fatal(err)
			}
			file.Close()
		}
	}
	set, err := video.Open(context.Background(), "folder:"+filepath.Join(dir, "clips"), video.Options{
		Height: 6, Width: 8, Steps: 2, Grey: true, Cache: filepath.Join(dir, "cache"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()
	fmt.Println(set.Classes(), set.Steps(), "steps of", set.StepShape())
	fmt.Println(set.Clips(datasets.Train), "training and", set.Clips(datasets.Test), "test clips")
	// Output:
	// [run walk] 2 steps of [6 8 1]
	// 8 training and 2 test clips
}
