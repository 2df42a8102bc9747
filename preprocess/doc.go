// Package preprocess describes what is done to a stored clip before a model sees
// it, which steps are taken and how values are normalised, and measures what
// this needs.
//
// It imports nothing of the project, so that a data set, a checkpoint and a
// program that only predicts agree on one description.
package preprocess
