package zoo

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

	// From says where a field's value is from, by the field's name. What is behind a
	// colon completes a source.
	From map[string]string
}
