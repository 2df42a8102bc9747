// Package datasets reads labelled clips and hands them to a training loop in
// batches.
//
// A clip is a short sequence of steps, usually frames, with one label. A [Set]
// holds the clips of one data set, cut into a training and a test part.
// [FromSlices] makes one of values in memory, [New] of anything that is read a
// clip at a time, and [Open] finds one by name. Kinds of sets are folders, each
// with an Open that takes options of its own; importing one registers it:
//
//	actions   "actions": game art that is part of the program
//	npz       "npz:TRAIN.npz,TEST.npz": files that numpy wrote
//	idx       "mnist:DIR", "fashion:DIR": pictures as sequences
//	video     "folder:DIR", "ucf11:DIR", "hmdb51:DIR", "youtube:DIR"
//	features  "features:DIR": an array for each video
//
// One epoch of training is two nested calls:
//
//	order := datasets.Order(set.Clips(datasets.Train), seed, epoch)
//	for batch, err := range datasets.Batches(set, datasets.Train, 16, order) {
//
// Values are float32 in row-major order, normalised with what was measured on the
// training part alone. [Holdout] and [Fold] cut that part further, [Augment]
// changes its clips at random.
package datasets
