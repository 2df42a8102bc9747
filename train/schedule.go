package train

import (
	"math"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Schedule is how the learning rate changes over a run: Constant, StepDecay,
// Inverse, Cosine, WarmUp before one of them, or one of your own.
type Schedule interface {
	// String returns the schedule as ParseSchedule reads it.
	String() string
	// Factor returns the factor on the learning rate after done of epochs
	// epochs, parts of an epoch included; an epoch has the given number of
	// steps.
	Factor(done, epochs float64, steps int) float64
}

// Constant keeps the learning rate.
type Constant struct{}

// StepDecay multiplies the learning rate by Rate after every Every epochs.
type StepDecay struct{ Every, Rate float64 }

// Inverse divides the learning rate by 1 + Decay·n after n steps, as the "decay"
// of Keras optimisers does.
type Inverse struct{ Decay float64 }

// Cosine lowers the learning rate to Floor times its value along half a cosine
// (Loshchilov and Hutter 2017).
type Cosine struct{ Floor float64 }

// WarmUp raises the learning rate from nearly 0 over the first Epochs epochs;
// Then, or Constant if nil, governs the epochs after them.
type WarmUp struct {
	Epochs float64
	Then   Schedule
}

var (
	_ Schedule = Constant{}
	_ Schedule = StepDecay{}
	_ Schedule = Inverse{}
	_ Schedule = Cosine{}
	_ Schedule = WarmUp{}
)

// String returns "constant".
func (Constant) String() string { return "constant" }

// Factor returns 1.
func (Constant) Factor(_, _ float64, _ int) float64 { return 1 }

// String returns "step:EVERY:RATE".
func (s StepDecay) String() string { return spell("step", s.Every, s.Rate) }

// Factor returns Rate to the power of the number of times Every epochs have
// passed.
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

func (w WarmUp) then() Schedule {
	if w.Then == nil {
		return Constant{}
	}
	return w.Then
}

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
	name, settings, _ := strings.Cut(first, ":")
	values, err := numbers(settings)
	if err != nil {
		return nil, errors.Errorf("train: schedule %q: %v", s, err)
	}
	bad := func(want string) (Schedule, error) { return nil, errors.Errorf("train: schedule %q; want %s", s, want) }
	if more && name != "warmup" {
		return bad("another schedule behind a comma after warmup only, as in warmup:2,cosine")
	}
	switch name {
	case "constant":
		if len(values) != 0 {
			return bad("constant alone")
		}
		return Constant{}, nil
	case "step":
		if len(values) != 2 || !(values[0] >= 1e-3) || !(values[1] > 0) {
			return bad("step:EPOCHS:FACTOR with at least 0.001 epochs and a positive factor, as in step:30:0.2")
		}
		return StepDecay{values[0], values[1]}, nil
	case "inverse":
		if len(values) != 1 || !(values[0] >= 0) {
			return bad("inverse:DECAY with a number from 0 on, as in inverse:1e-4")
		}
		return Inverse{values[0]}, nil
	case "cosine":
		if len(values) > 1 || len(values) == 1 && !(values[0] >= 0 && values[0] <= 1) {
			return bad("cosine, or cosine:FLOOR with a number from 0 to 1")
		}
		return Cosine{append(values, 0)[0]}, nil
	case "warmup":
		if len(values) != 1 || !(values[0] > 0) {
			return bad("warmup:EPOCHS with a positive number, as in warmup:2,cosine")
		}
		if !more {
			return WarmUp{Epochs: values[0]}, nil
		}
		if strings.HasPrefix(then, "warmup") {
			return bad("one warmup")
		}
		rest, err := ParseSchedule(then)
		return WarmUp{values[0], rest}, err
	}
	return nil, errors.Errorf("train: no schedule is called %q%s", name, didyoumean.Hint(name, []string{"constant", "step", "inverse", "cosine", "warmup"}))
}
