// Package datasets reads labelled video clips and hands them to a training
// loop in batches.
//
// A clip is a short sequence of steps, usually frames, with one label for the
// whole of it. A [Set] holds the clips of one data set, cut into a training
// and a test part, and [Open] finds a set by name. [Holdout] cuts a validation
// part out of the training part. The values flow like this, for a set whose
// steps have the shape n_1, ..., n_d:
//
//	Open ── Set ── Read ──────→ one clip   (steps, n_1, ..., n_d)
//	         │
//	Order ───┴──── Batches ───→ Batch.X    (batch, steps, n_1, ..., n_d)
//
// One epoch of training is then two nested calls:
//
//	order := datasets.Order(set.Clips(datasets.Train), seed, epoch)
//	for batch, err := range datasets.Batches(set, datasets.Train, 16, order) {
//		...
//	}
//
// All values are float32 in row-major order and already normalised. The
// statistics used for that come from the training part alone, so nothing of
// the test part reaches a model before it is tested.
//
// # Sets of your own
//
// "npz:train.npz,test.npz" opens two files that numpy wrote, with the arrays
//
//	x        (clips, steps, n_1, ..., n_d)   uint8 or float32
//	y        (clips)                         integers, the labels from 0
//	lengths  (clips)                         integers, the real steps of each clip; optional
//	classes  (classes)                       text, the name of each label; optional
//
// x stays on disk and is read a clip at a time; a compressed one is unpacked to
// a temporary file first. Opening reads everything once, checks it and measures
// the training part, see [Options]. docs/data.md has a complete example in
// Python.
//
// # Features of videos
//
// "features:DIR" has one .npy file per clip, an array (steps, features) of
// float32, such as the output of a CNN for each frame of a video. Files lie in
// folders of their classes, or as the videos of UCF11, HMDB51 or YouTube
// Celebrities do, whose splits then apply. Clips keep their own lengths unless
// Options.Video.Steps says how many steps are taken. A file that cannot be read
// is a [SkipError]. docs/features.md shows how to make them.
//
// # MNIST and Fashion-MNIST
//
// "mnist:DIR" and "fashion:DIR" read the four files of these sets and make
// sequences of rows, of bands of rows, or of whole pictures; see
// Options.Sequence.
//
// # Folds
//
// The split "fold:2/5" of any set tests the second fifth of all its clips and
// trains on the rest. If a set is [Grouped], groups stay whole, even when
// [Holdout], [Fold] and [Augment] are applied to each other's results.
//
// # The actions set
//
// "actions" is built into the program: it needs no download and no folder. It
// has 1024 clips of 6 RGB frames, 48 rows by 64 columns, of animated characters
// from the game Flare: 8 actions by 16 subjects by 8 view directions, one clip
// of each. It is rendered game art on a black ground, not camera footage: there
// is no noise, no camera motion and no clutter, and most pixels are black. Use
// it to see that a model learns and to compare models with each other, not to
// predict an accuracy on real video.
//
// The classes, by label, are stance, run, swing, cast, shoot, block, hit and
// die. Two things matter when reading a confusion matrix: the animations
// behind the clips have 2 to 8 frames and were resampled to 6, so the short
// ones repeat frames; and hit is the first two frames of die.
//
// Subjects are a body (male, female) in one of eight outfits. Both splits
// divide the set by subject, so no character is in both parts, and every class
// is equally frequent in each:
//
//	heldout-subjects   768 train, 256 test   subjects 3, 7, 10, 14 are tested (default)
//	few-subjects       256 train, 768 test   subjects 0, 5, 8, 13 are trained on
//
// A small dense LSTM gets nearly all of heldout-subjects right, so few-subjects
// is the split that tells models apart.
//
// Each colour channel is normalised to mean 0 and standard deviation 1 over the
// training part of the split, measured on the frames as stored. Frames are
// scaled first and normalised after, so the size asked for does not change the
// statistics.
//
// The art is by Clint Bellanger and the Flare contributors, under the Creative
// Commons Attribution-ShareAlike licence 3.0 or later. The files, their
// licence and their format are described in the folder actions.
package datasets
