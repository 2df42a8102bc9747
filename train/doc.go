// Package train fits a zoo model to a data set and measures it.
//
//	result, err := train.Run(ctx, m, set, train.Config{
//		Epochs: 8, Batch: 16, LearningRate: 2e-3, MaxGradNorm: 5, Seed: 1, Dir: "runs/mine",
//	})
//	// the model has the weights of the best epoch; result.Test.Accuracy is on the test part
//
// A step takes a batch of clips in a seeded order, computes the mean cross-entropy and its gradients,
// scales these down to a global norm, and lets an Optimizer move the weights at the rate of a Schedule.
// Two runs with the same seed and number of threads give the same bits. With Config.Dir a run survives
// anything: LoadLast and Resume continue it to the same bits, and its folder "best" holds the weights of
// the best epoch, for zoo.Load.
//
// FromRecipe trains by a paper's protocol. A Stepper takes the same steps one by
// one. Evaluate scores a model; Gates reports how saturated its gates are.
package train
