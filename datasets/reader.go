package datasets

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Reader reads single clips as a set of such clips would: what a model was trained
// on, for one clip that belongs to no set. Its fields are those of the set, or of
// the checkpoint of a model.
type Reader struct {
	// StepShape is (height, width, channels), channels being 3 or 1: a clip is a
	// video, or a folder of numbered pictures.
	StepShape []int

	Sampling      preprocess.Sampling
	Normalisation preprocess.Normalisation

	// Limit is the longest time for a file; 0 means two minutes.
	Limit time.Duration
}

// Clip is what a model reads of a file.
type Clip struct {
	X      []float32 // (steps, n_1, ..., n_d), normalised
	Steps  int
	Frames []int // of each step: the number in the file, from 0, of what it shows; -1 where it is padding
}

// Check returns an error for steps that a Reader can't read.
func (r Reader) Check() error {
	if len(r.StepShape) != 3 || r.StepShape[0] < 1 || r.StepShape[1] < 1 || r.StepShape[2] != 1 && r.StepShape[2] != rgb {
		return errors.Errorf("datasets: steps of %s are no frames, which are (height, width, 3), or 1 for grey", times(r.StepShape))
	}
	if err := r.Sampling.Check(); err != nil {
		return errors.WithMessage(err, "datasets")
	}
	return errors.WithMessage(r.Normalisation.Check(r.StepShape), "datasets")
}

// Read reads the clip in a file. Which frames are taken depends on the base of its
// name alone, as in a set. It returns an error when there is no such file, when it
// holds no frame, where there is no ffmpeg, and ctx's.
func (r Reader) Read(ctx context.Context, path string) (Clip, error) {
	return r.read(ctx, path, nil)
}

// ReadFrom reads the clip that a stream of raw frames is, bytes of (n_1, ..., n_d),
// to its end. It returns an error when reading fails, when there is no frame or only
// a part of the last one, and when more than 1 GiB would have to be kept.
func (r Reader) ReadFrom(ctx context.Context, stream io.Reader) (Clip, error) {
	return r.read(ctx, "-", stream)
}

func (r Reader) read(ctx context.Context, path string, stream io.Reader) (Clip, error) {
	if err := r.Check(); err != nil {
		return Clip{}, err
	}
	v, err := Video{Steps: r.Sampling.Steps, Sample: r.Sampling.Sample, Limit: r.Limit}.complete()
	if err != nil {
		return Clip{}, errors.WithMessage(err, "datasets")
	}
	d := decoder{opt: v, height: r.StepShape[0], width: r.StepShape[1], channels: r.StepShape[2], seed: seedOf(path), stream: stream}
	taken, err := d.decode(ctx, path)
	if err == nil && taken.seen == 0 {
		err = errors.New("there is no frame")
	}
	if err != nil {
		return Clip{}, errors.WithMessagef(err, "datasets: %s", path)
	}
	c := Clip{Steps: v.Steps, Frames: taken.at}
	if v.Steps == AllSteps {
		c.Steps = len(taken.at)
	}
	for len(c.Frames) < c.Steps {
		c.Frames = append([]int{-1}, c.Frames...)
	}
	c.X = make([]float32, c.Steps*d.size())
	padInFront(c.X, taken.frames, r.Normalisation)
	return c, nil
}

// errStop ends a stream whose reader wants no more.
var errStop = errors.New("stop")

// Stream yields raw frames of one byte a value as they come, each (n_1, ..., n_d),
// normalised, in a slice that is valid until the next. Nothing is sampled. The last
// is an error when reading fails, or ends within a frame.
func (r Reader) Stream(from io.Reader) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		if err := r.Check(); err != nil {
			yield(nil, err)
			return
		}
		x := make([]float32, product(r.StepShape))
		err := eachRaw(from, r.StepShape, func(frame []byte) error {
			padInFront(x, frame, r.Normalisation)
			if !yield(x, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, errors.WithMessage(err, "datasets"))
		}
	}
}
