package zoo

import (
	"maps"
	"strings"
)

// Recipe is how a paper's public code trains a model: what of it is known, and our
// choice for the rest. train.FromRecipe makes a configuration of it.
type Recipe struct {
	// Code says whose code it is, and for what data. Published reports whether it
	// trained this entry for its PublishedAccuracy; where no code that did is
	// public, it is the closest there is: that for the same data, or else by the
	// same authors.
	Code      string
	Published bool

	Optimizer, Schedule string // as train.ParseOptimizer and train.ParseSchedule read them
	LearningRate        float64
	Batch               int     // clips a step
	Epochs              int     // passes over the training clips
	Dropout             float64 // probability of dropping an input in training, see Options
	RecurrentDropout    float64 // probability of dropping a value of the state
	ClassifierL2        float64 // times the classifier's squared weights, added to the loss
	WeightDecay         float64 // of all weights but biases
	MaxGradNorm         float64 // the largest global norm of the gradients; 0 means no limit

	// How recordings become clips. Frames of 0x0 pixels mean that the code reads
	// features of frames, all of them.
	Normalise     string // minus128: less 128, values being 0 to 255; none: as they are
	Width, Height int    // of a frame in pixels
	Frames        int    // that are taken of a recording
	Sample        string // how they are taken: random, or even
	Split         string // into training and test clips: random, 80 % of the clips to 20 %; random:1/5, a fifth to test

	// From says where a field's value is from, by the field's name.
	From map[string]string
}

// What is behind a colon in From completes a source.
const (
	ttCode = "TT's code"
	btCode = "BT's code"
	trCode = "TR's code"
	ours   = "our choice"
)

// recipes are the public ones, by those whose code it is and its data. Their papers
// are those of the entries.
var recipes = map[string]Recipe{
	"tt ucf11": { // arXiv 1707.01786
		Code:      "the TT authors' public code for UCF11",
		Optimizer: "adam", Schedule: "constant", LearningRate: 1e-4, Batch: 16, Epochs: 1001,
		Dropout: 0.25, RecurrentDropout: 0.25, ClassifierL2: 0.01,
		Normalise: "minus128", Width: 160, Height: 120, Frames: 6, Sample: "random", Split: "random:1/5",
		From: from(ttCode, map[string]string{
			"Epochs": ttCode + ": at most so many", "Frames": ours + ": as BT's code", "Sample": ours + ": as BT's code", "Split": ttCode + anyFold,
		}),
	},
	"tt youtube": { // arXiv 1707.01786
		Code:      "the TT authors' public code for YouTube Celebrities",
		Optimizer: "adam", Schedule: "constant", LearningRate: 1e-3, Batch: 16, Epochs: 101,
		Dropout: 0.25, RecurrentDropout: 0.25, ClassifierL2: 0.01,
		Normalise: "minus128", Width: 160, Height: 120, Frames: 85, Sample: "random", Split: "random:1/5",
		From: from(ttCode, map[string]string{
			"Epochs": ttCode + ": at most so many", "Sample": ours + ": of the clips that have more frames", "Split": ttCode + anyFold,
		}),
	},
	"bt ucf11": { // arXiv 1712.05134
		Code:      "the BT authors' public code for UCF11",
		Optimizer: "adam", Schedule: "inverse:0.000167", LearningRate: 1e-4, Batch: 16, Epochs: 500,
		Dropout: 0.25, RecurrentDropout: 0.25, ClassifierL2: 0.01,
		Normalise: "minus128", Width: 160, Height: 120, Frames: 6, Sample: "random", Split: "random",
		From: from(btCode, map[string]string{"Schedule": btCode + `: "decay" of Keras`, "Split": btCode + ": 80/20 by clip"}),
	},
	"tr features": { // arXiv 1811.07503
		Code:      "the TR authors' public benchmark code for CNN features of UCF11",
		Optimizer: "adam", Schedule: "step:100:0.2", LearningRate: 2e-4, Batch: 16, Epochs: 300,
		Dropout: 0.25, WeightDecay: 1.67e-4,
		Normalise: "none", Split: "random",
		From: from(trCode, map[string]string{
			"Schedule": trCode + ": at epochs 100 and 200", "WeightDecay": trCode + ": here of all weights but biases",
			"Normalise": ours + ": features as they are, as nothing else is known of the code", "Split": trCode + ": 80/20 by clip",
		}),
	},
}

const anyFold = ": one of five folds by clip; give random:2/5 to random:5/5 for the others"

// from completes the sources of a recipe, which are one code's but for some.
func from(code string, but map[string]string) map[string]string {
	all := map[string]string{"MaxGradNorm": ours + ": no clipping, as none is known of the code"}
	for _, field := range []string{"Optimizer", "Schedule", "LearningRate", "Batch", "Epochs", "Dropout", "RecurrentDropout", "ClassifierL2", "WeightDecay",
		"Normalise", "Width", "Height", "Frames", "Sample", "Split"} {
		all[field] = code
	}
	maps.Copy(all, but)
	return all
}

// recipeOf returns the recipe of an entry of the papers: that of the same data or, for
// frames of UCF11, of the same format. Dense is the baseline of the TT paper.
func recipeOf(e Entry) *Recipe {
	name := strings.TrimPrefix(e.Name, "cnn-")
	by, data := "bt", "ucf11"
	switch {
	case name != e.Name:
		by, data = "tr", "features"
	case e.Data == youtubeData:
		by, data = "tt", "youtube"
	case strings.Contains(name, "tt-") || strings.HasPrefix(name, "lstm") || strings.HasPrefix(name, "gru"):
		by = "tt"
	}
	r := recipes[by+" "+data]
	r.Published = e.PublishedAccuracy != 0 && strings.HasPrefix(name, by+"-") && e.Data != hmdb51Data
	return &r
}
