package zoo_test

import (
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// A live sequence: the model's answer after each frame.
func ExamplePredictor() {
	dir, remove := trained()
	defer remove()
	m, err := zoo.Load(dir)
	if err != nil {
		log.Fatal(err)
	}
	p, err := m.Predictor(1) // one sequence
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	frame := make([]float32, m.Features())
	for t := range 4 {
		for k := range frame {
			frame[k] = float32(t*len(frame)+k) / 10 // yours comes from a camera
		}
		if m.Input != nil { // what package train learned of the data
			m.Input.Apply(frame)
		}
		logits, err := p.Frame(frame)
		if err != nil {
			log.Fatal(err)
		}
		best := 0
		for k, s := range logits {
			if s > logits[best] {
				best = k
			}
		}
		fmt.Printf("frame %d: it %s\n", t+1, m.ClassNames[best])
	}
	p.Reset() // before the next sequence
	// Output:
	// frame 1: it falls
	// frame 2: it falls
	// frame 3: it falls
	// frame 4: it falls
}
