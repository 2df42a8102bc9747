// Package preprocess holds what is done to a stored value before a model sees
// it, and the measuring that this needs.
//
// It imports nothing of the project, so that a data set, a checkpoint and a
// program that only predicts agree on one description.
package preprocess
