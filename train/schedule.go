package train

import (
	"cmp"
	"math"
	"strings"

	"github.com/pkg/errors"
)

// Schedule is how the learning rate changes over a run: StepDecay, Inverse, Cosine,
// WarmUp, which may be before one of them, or one of your own.
type Schedule interface {
	// String returns the schedule as ParseSchedule reads it.
	String() string
	// Factor returns the factor on the learning rate after done of epochs epochs, parts of an epoch
	// included; an epoch has the given number of steps.
	Factor(done, epochs float64, steps int) float64
}

// StepDecay multiplies the learning rate by Rate after every Every epochs.
type StepDecay struct{ Every, Rate float64 }

// Inverse divides the learning rate by 1 + Decay·n after n steps, as the "decay"
// of Keras optimisers does.
type Inverse struct{ Decay float64 }

// Cosine lowers the learning rate to Floor times its value along half a cosine
// (Loshchilov and Hutter 2017).
type Cosine struct{ Floor float64 }

// WarmUp raises the learning rate from nearly 0 over the first Epochs epochs; Then
// governs those after them, in which nil keeps the rate.
type WarmUp struct {
	Epochs float64
	Then   Schedule
}

// constant keeps the learning rate. It is what nil means.
type constant struct{}

func (constant) String() string                     { return "constant" }
func (constant) Factor(_, _ float64, _ int) float64 { return 1 }

// String returns "step:EVERY:RATE".
func (s StepDecay) String() string { return spell("step", s.Every, s.Rate) }

// Factor returns Rate to the power of the number of times Every epochs have passed.
func (s StepDecay) Factor(done, _ float64, steps int) float64 {
	// 0.3 epochs are 3 times 0.1, whatever the quotient of the two floats is: a
	// millionth of a step is nothing.
	return math.Pow(s.Rate, math.Floor((done+1e-6/float64(max(1, steps)))/s.Every))
}

// String returns "inverse:DECAY".
func (s Inverse) String() string { return spell("inverse", s.Decay) }

// Factor falls with every step.
func (s Inverse) Factor(done, _ float64, steps int) float64 {
	return 1 / (1 + s.Decay*done*float64(steps))
}

// String returns "cosine:FLOOR".
func (c Cosine) String() string { return spell("cosine", c.Floor) }

// Factor falls from 1 to Floor.
func (c Cosine) Factor(done, epochs float64, _ int) float64 {
	if !(done < epochs) {
		return c.Floor
	}
	return c.Floor + (1-c.Floor)*(1+math.Cos(math.Pi*done/epochs))/2
}

// String returns "warmup:EPOCHS,THEN".
func (w WarmUp) String() string { return spell("warmup", w.Epochs) + "," + w.then().String() }

// Factor grows from nearly 0 to 1 and is then that of Then.
func (w WarmUp) Factor(done, epochs float64, steps int) float64 {
	if done < w.Epochs {
		// The first step should move something: it counts as a hundredth.
		return max(done/w.Epochs, 0.01)
	}
	return w.then().Factor(done-w.Epochs, epochs-w.Epochs, steps)
}

func (w WarmUp) then() Schedule { return cmp.Or[Schedule](w.Then, constant{}) }

// ParseSchedule reads a schedule:
//
//	constant
//	step:30:0.2         times 0.2 after every 30 epochs
//	inverse:1e-4        divided by 1 + 1e-4 times the steps so far
//	cosine, cosine:0.01 down to 0, or to 0.01 times the learning rate
//	warmup:2,cosine     growing for 2 epochs, then another schedule
//
// It returns an error that quotes what it doesn't recognise.
func ParseSchedule(s string) (Schedule, error) {
	first, then, more := strings.Cut(s, ",")
	schedule, err := parse("schedule", first, schedules)
	if err != nil || !more {
		return schedule, err
	}
	warm, is := schedule.(WarmUp)
	if !is || strings.HasPrefix(then, "warmup") {
		return nil, errors.Errorf("train: schedule %q; want another one behind a comma after one warmup only, as in warmup:2,cosine", s)
	}
	warm.Then, err = ParseSchedule(then)
	return warm, err
}

var schedules = []kind[Schedule]{
	{"constant", 0, nil, func([]float64) Schedule { return constant{} }},
	{"step", 2, []setting{{"EPOCHS", 0, period}, {"FACTOR", 0, positive}}, func(v []float64) Schedule { return StepDecay{v[0], v[1]} }},
	{"inverse", 1, []setting{{"DECAY", 0, orNone}}, func(v []float64) Schedule { return Inverse{v[0]} }},
	{"cosine", 0, []setting{{"FLOOR", 0, fraction}}, func(v []float64) Schedule { return Cosine{v[0]} }},
	{"warmup", 1, []setting{{"EPOCHS", 0, positive}}, func(v []float64) Schedule { return WarmUp{Epochs: v[0]} }},
}
