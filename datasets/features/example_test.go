package features_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/features"
)

// Five clips of each of two classes, whose first three steps of four features were saved
// by numpy.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "features")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"
	file := fmt.Sprintf("\x93NUMPY\x01\x00%c\x00%s%s", len(header), header, make([]byte, 3*4*4))
	for clip := range 10 {
		path := filepath.Join(dir, []string{"walk", "run"}[clip%2], fmt.Sprintf("%d.npy", clip))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file), 0o666); err != nil {
			log.Fatal(err)
		}
	}
	set, err := features.Open(context.Background(), "features:"+dir, features.Options{Steps: 2, Sample: "even"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Classes(), set.Steps(), "steps of", set.StepShape())
	fmt.Println(set.Clips(datasets.Train), "training and", set.Clips(datasets.Test), "test clips")
	// Output:
	// [run walk] 2 steps of [4]
	// 8 training and 2 test clips
}
