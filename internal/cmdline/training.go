package cmdline

import "flag"

// Training are the settings that all commands that train have flags for. What stands there
// is the default.
type Training struct {
	Epochs                                            *int
	WeightDecay, MaxGradNorm, LabelSmoothing, Dropout *float64
	Optimizer, Schedule, Augment                      *string
}

// Flags adds the flags.
func (t Training) Flags(fs *flag.FlagSet) {
	fs.StringVar(t.Schedule, "schedule", *t.Schedule, "`how` the learning rate changes: constant, step:30:0.2 (times 0.2 every 30 epochs), inverse:1e-4 (divided by 1 + 1e-4 times the steps so far), cosine, or one of them after epochs of warm-up, as in warmup:2,cosine")
	fs.StringVar(t.Optimizer, "optimizer", *t.Optimizer, "`rule`: adam, adamw, rmsprop, or sgd (momentum 0.9), with settings as in sgd:0.5 or adam:0.9:0.99")
	fs.StringVar(t.Augment, "augment", *t.Augment, "`how` training clips are changed at random, such as brightness:0.3,colour:0.2: deviations of the logarithm of a factor of all values and of each colour")
	fs.Float64Var(t.WeightDecay, "weight-decay", *t.WeightDecay, "decay of all weights but biases; with adamw apart from the gradient")
	fs.Float64Var(t.MaxGradNorm, "clip", *t.MaxGradNorm, "largest global norm of the gradients; 0 for any")
	fs.Float64Var(t.LabelSmoothing, "label-smoothing", *t.LabelSmoothing, "part of the target that all classes share")
	fs.Float64Var(t.Dropout, "dropout", *t.Dropout, "probability of dropping an input or a state in training; the papers take 0.25 (default that of the model)")
	fs.IntVar(t.Epochs, "epochs", *t.Epochs, "passes over the training clips")
}
