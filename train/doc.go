// Package train fits a zoo model to a data set and measures it.
//
//	set, err := actions.Open(actions.Options{Height: 120, Width: 160})
//	m, err := zoo.New("ht-lstm", zoo.Options{Classes: len(set.Classes()), Seed: 1})
//	result, err := train.Run(ctx, m, set, train.Config{
//		Epochs: 8, Batch: 16, LearningRate: 2e-3, Clip: 5, Seed: 1, Dir: "runs/mine",
//	})
//	// the model has the weights of the best epoch; result.Test.Accuracy is on the test part
//
// Each step takes a batch of clips in a seeded order, computes the mean
// cross-entropy and its gradients, scales the gradients down to a global norm,
// and lets an Optimizer move the weights at the rate of a Schedule. Each batch
// is divided into Config.Threads parts that are computed at the same time. Two
// runs with the same seed and number of threads give the same bits. A Stepper
// takes the same steps one by one.
//
// With Config.Dir a run survives anything: its folder "last" always holds a
// complete checkpoint, from which Resume continues to the same bits, and "best"
// the weights of the best epoch, for zoo.Load. Evaluate scores a model; Gates
// reports how saturated its gates are.
package train
