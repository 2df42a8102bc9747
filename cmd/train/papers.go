package main

import (
	"strings"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// protocol is how the public code of a paper trains, as flags of this program.
type protocol struct {
	code     string // whose it is, and for what
	settings []setting
}

// setting is a flag with its value, and where the value is from.
type setting struct{ flag, value, from string }

// Where the values are from. What stands behind a colon completes it.
const (
	ttCode = "TT's code"
	btCode = "BT's code"
	trCode = "TR's code"
	ours   = "our choice"

	noClip  = ours + ": no clipping, as none is known of the code"
	anyFold = ": one of five folds by clip; give random:2/5 to random:5/5 for the others"
)

// The protocols that are public. Their papers are those of package zoo's entries.
var (
	ttUCF11 = protocol{"the TT authors' public code for UCF11", []setting{
		{"optimizer", "adam", ttCode},
		{"lr", "0.0001", ttCode},
		{"schedule", "constant", ttCode},
		{"batch", "16", ttCode},
		{"epochs", "1001", ttCode + ": at most so many"},
		{"dropout", "0.25", ttCode},
		{"recurrent-dropout", "0.25", ttCode},
		{"classifier-l2", "0.01", ttCode},
		{"weight-decay", "0", ttCode},
		{"clip", "0", noClip},
		{"normalise", "minus128", ttCode},
		{"size", "160x120", ttCode},
		{"steps", "6", ours + ": as BT's code"},
		{"sample", "random", ours + ": as BT's code"},
		{"split", "random:1/5", ttCode + anyFold},
	}}
	ttYouTube = protocol{"the TT authors' public code for YouTube Celebrities", []setting{
		{"optimizer", "adam", ttCode},
		{"lr", "0.001", ttCode},
		{"schedule", "constant", ttCode},
		{"batch", "16", ttCode},
		{"epochs", "101", ttCode + ": at most so many"},
		{"dropout", "0.25", ttCode},
		{"recurrent-dropout", "0.25", ttCode},
		{"classifier-l2", "0.01", ttCode},
		{"weight-decay", "0", ttCode},
		{"clip", "0", noClip},
		{"normalise", "minus128", ttCode},
		{"size", "160x120", ttCode},
		{"steps", "85", ttCode},
		{"sample", "random", ours + ": of the clips that have more frames"},
		{"split", "random:1/5", ttCode + anyFold},
	}}
	btUCF11 = protocol{"the BT authors' public code for UCF11", []setting{
		{"optimizer", "adam", btCode},
		{"lr", "0.0001", btCode},
		{"schedule", "inverse:0.000167", btCode + `: "decay" of Keras`},
		{"batch", "16", btCode},
		{"epochs", "500", btCode},
		{"dropout", "0.25", btCode},
		{"recurrent-dropout", "0.25", btCode},
		{"classifier-l2", "0.01", btCode},
		{"weight-decay", "0", btCode},
		{"clip", "0", noClip},
		{"normalise", "minus128", btCode},
		{"size", "160x120", btCode},
		{"steps", "6", btCode},
		{"sample", "random", btCode},
		{"split", "random", btCode + ": 80/20 by clip"},
	}}
	trFeatures = protocol{"the TR authors' public benchmark code for CNN features of UCF11", []setting{
		{"optimizer", "adam", trCode},
		{"lr", "0.0002", trCode},
		{"schedule", "step:100:0.2", trCode + ": at epochs 100 and 200"},
		{"batch", "16", trCode},
		{"epochs", "300", trCode},
		{"dropout", "0.25", trCode},
		{"recurrent-dropout", "0", trCode},
		{"classifier-l2", "0", trCode},
		{"weight-decay", "0.000167", trCode + ": here of all weights but biases"},
		{"clip", "0", noClip},
		{"normalise", "none", ours + ": features as they are, as nothing else is known of the code"},
		{"split", "random", trCode + ": 80/20 by clip"},
	}}
)

// protocolOf returns the protocol for an entry of the zoo, and whether its code
// trained that model. Where no code is public it is the closest there is: that of
// the same data, else of the same group of authors.
func protocolOf(e zoo.Entry) (p protocol, own bool) {
	row := e.PublishedAccuracy != 0 // of a table of the paper
	format := decomp.Dense{}.Name()
	if e.Spec.Format != nil {
		format = e.Spec.Format.Name()
	}
	switch {
	case readsFeatures(e):
		return trFeatures, row && format == "tr" && e.Data == "UCF11"
	case strings.HasPrefix(e.Data, "YouTube"):
		return ttYouTube, row && format == "tt"
	case format == "tt" || format == "dense": // dense is the baseline of the TT paper
		return ttUCF11, row && format == "tt"
	}
	return btUCF11, row && format == "bt"
}

// readsFeatures reports whether an entry is for features of a CNN rather than
// frames.
func readsFeatures(e zoo.Entry) bool { return strings.HasPrefix(e.Name, "cnn-") }
