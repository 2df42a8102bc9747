package zoo_test

import (
	"fmt"
	"log"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// Modes and ranks for frames of 57,600 values, with at most 2,000 weights
// between them and 256 units.
func ExampleSuggest() {
	s, err := zoo.Suggest(zoo.SuggestOptions{Cell: "lstm", Format: "ht", Features: 57600, Hidden: 256, Budget: 2000})
	if err != nil {
		log.Fatal(err)
	}
	m, err := zoo.FromSpec(s, zoo.Options{Classes: 8, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.InModes, s.OutModes, s.Format.(decomp.HT).Leaf, m.Counts().InputToHidden)

	// A prime has no modes: zeros make up for what 1009 lacks.
	s, err = zoo.Suggest(zoo.SuggestOptions{Cell: "lstm", Format: "tt", Features: 1009, Hidden: 64, Budget: 500})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.InModes, s.Features)
	// Output:
	// [8 10 8 9 10] [2 2 4 4 4] [6] 1836
	// [4 4 8 8] 1009
}
