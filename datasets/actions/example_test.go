package actions_test

import (
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/actions"
)

// The frames in the size of a model's input, here 120·160·3 = 57600 values.
func ExampleOpen() {
	set, err := actions.Open(actions.Options{Options: datasets.Options{Split: "few-subjects"}, Height: 120, Width: 160})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Name(), set.StepShape())
	// Output:
	// actions (few-subjects) [120 160 3]
}
