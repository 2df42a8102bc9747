// Package train fits a zoo model to a data set and measures it.
//
//	set, err := datasets.Open("actions", datasets.Options{Height: 120, Width: 160})
//	m, err := zoo.New("ht-lstm", zoo.Options{Classes: len(set.Classes()), Seed: 1})
//	result, err := train.Run(ctx, m, set, train.Config{Epochs: 8, Batch: 16, LearningRate: 2e-3, Clip: 5, Seed: 1})
//	// the model holds the trained weights; result.Test.Accuracy is on the test part
//
// Each step takes a batch of clips in a seeded order, computes the mean
// cross-entropy and its gradients, scales the gradients down to a global norm,
// and lets Adam move the weights. Two runs with one seed give the same bits.
package train
