// Package compare trains recurrent models under one protocol, with several seeds each,
// and says which differences between them are shown.
//
//	results, err := compare.Comparison{
//		Models: []zoo.Entry{{Name: "mine", Spec: mine}, {Name: "other", Spec: other}},
//		Set: set, Protocol: compare.DefaultProtocol(), Seeds: 5,
//		Dir: "report", // keeps the runs: a comparison that was stopped goes on
//	}.Run(ctx)
//	fmt.Println(results.Models[0].Accuracy.Mean, results.Models[0].P)
//	err = results.Save("report")
//
// Each model chooses its learning rate from those of the Protocol on folds of the
// training part, and is then trained with every seed and tested on the test part. A
// Result has a model's means and standard deviations over the seeds, and the p-value of a
// paired t-test against the best model, with Holm's correction. Results are written as
// one HTML page, Markdown, CSV and plots. Nothing is printed: Comparison.OnProgress
// follows the runs.
//
// Measure takes the time and memory of one model's training step, and MeasureGrowth how
// they grow with the sizes of a model.
//
// Runs are made in this process, unless Comparison.Train makes them elsewhere: cmd/compare
// starts a process for each, whose memory is its own. docs/comparing.md says how to read a
// report.
package compare

import "github.com/pkg/errors"

// InputError is the error for what a caller asks for and cannot have. Its text names fields as Protocol.Rates.
type InputError struct{ Err error }

// Error says what is wrong.
func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *InputError) Unwrap() error { return e.Err }

func inputf(format string, args ...any) error {
	return &InputError{errors.Errorf("compare: "+format, args...)}
}
