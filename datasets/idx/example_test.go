package idx_test

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/idx"
)

// write writes a file of so many pictures or labels, all zero.
func write(dir, name string, sizes ...uint32) {
	file, values := []byte{0, 0, 8, byte(len(sizes))}, uint32(1)
	for _, n := range sizes {
		file, values = binary.BigEndian.AppendUint32(file, n), values*n
	}
	if err := os.WriteFile(filepath.Join(dir, name), append(file, make([]byte, values)...), 0o666); err != nil {
		log.Fatal(err)
	}
}

// Pictures as sequences of bands of four rows.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "mnist")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for part, pictures := range map[string]uint32{"train": 60, "t10k": 10} { // of the real set 60,000 and 10,000
		write(dir, part+"-images-idx3-ubyte", pictures, 28, 28)
		write(dir, part+"-labels-idx1-ubyte", pictures)
	}
	set, err := idx.Open("mnist:"+dir, idx.Options{Sequence: "bands:4"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Clips(datasets.Train), "and", set.Clips(datasets.Test), "clips of", set.Steps(), "steps of", set.StepShape())
	// Output:
	// 60 and 10 clips of 7 steps of [4 28]
}
