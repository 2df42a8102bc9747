package datasets

import (
	"context"
	"io"
	"iter"
	"path/filepath"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Reader reads single clips as a set of such clips would: what a model was trained
// on, for one clip that belongs to no set. Its fields are those of the set, or of
// the checkpoint of a model.
type Reader struct {
	// StepShape is (height, width, channels), channels being 3 or 1, of clips that
	// are videos or folders of numbered pictures, or (features) of those that are
	// .npy files of shape (steps, features).
	StepShape []int

	Sampling      preprocess.Sampling
	Normalisation preprocess.Normalisation

	// Unpadded lets a clip with fewer steps than Sampling says keep its own number, as
	// sequences do that are stored with their lengths.
	Unpadded bool

	// Limit is the longest time for a file; 0 means two minutes.
	Limit time.Duration
}

// Clip is what a model reads of a file.
type Clip struct {
	X      []float32 // (steps, n_1, ..., n_d), normalised
	Steps  int
	Frames []int // of each step: the number in the file, from 0, of what it shows; -1 where it is padding
}

// errStop ends a clip whose reader wants no more.
var errStop = errors.New("stop")

// Features tells whether clips are features, and not frames.
func (r Reader) Features() bool { return len(r.StepShape) == 1 }

// Check returns an error for steps that a Reader can't read.
func (r Reader) Check() error {
	s := r.StepShape
	frames := len(s) == 3 && s[0] > 0 && s[1] > 0 && (s[2] == 1 || s[2] == rgb)
	if !frames && !(r.Features() && s[0] > 0) {
		return errors.Errorf("datasets: steps of %s are neither frames, (height, width, 3), or 1 for grey, nor features", times(s))
	}
	if err := r.Sampling.Check(); err != nil {
		return errors.WithMessage(err, "datasets")
	}
	room := maxBatchLen / max(1, r.Sampling.Steps)
	for _, n := range s {
		room /= n
	}
	if room == 0 {
		return errors.Errorf("datasets: %d steps of %s values do not fit in memory; take fewer", r.Sampling.Steps, times(s))
	}
	return errors.WithMessage(r.Normalisation.Check(s), "datasets")
}

// Read reads the clip in a file. Which frames are taken depends on the base of its
// name alone, as in a set. It returns an error when there is no such file, when it
// holds no frame, where there is no ffmpeg, and ctx's.
func (r Reader) Read(ctx context.Context, path string) (Clip, error) {
	if !r.Features() {
		return r.read(ctx, path, nil)
	}
	if err := r.Check(); err != nil {
		return Clip{}, err
	}
	c, err := r.readFeatures(path)
	return c, errors.WithMessagef(err, "datasets: %s", path)
}

// ReadFrom reads the clip that a stream of raw steps is, to its end: of frames bytes,
// of features little-endian float32. It returns an error when reading fails, when
// there is no step or only a part of the last one, and when more than 1 GiB would
// have to be kept.
func (r Reader) ReadFrom(ctx context.Context, stream io.Reader) (Clip, error) {
	return r.read(ctx, "-", stream)
}

// Each yields every step of a file, as Stream does of a stream.
func (r Reader) Each(ctx context.Context, path string) iter.Seq2[[]float32, error] {
	return r.each(ctx, path, nil)
}

// Stream yields raw steps as they come, see ReadFrom, each (n_1, ..., n_d),
// normalised, in a slice that is valid until the next. Nothing is sampled. The last
// is an error when reading fails, or ends within a step, and ctx's.
func (r Reader) Stream(ctx context.Context, from io.Reader) iter.Seq2[[]float32, error] {
	return r.each(ctx, "-", from)
}

func (r Reader) read(ctx context.Context, path string, stream io.Reader) (Clip, error) {
	d, err := r.decoder(path, stream)
	if err != nil {
		return Clip{}, err
	}
	t, err := d.decode(ctx, path)
	if err == nil && t.seen == 0 {
		err = errors.New("there is no frame")
	}
	if err != nil {
		return Clip{}, errors.WithMessagef(err, "datasets: %s", path)
	}
	c := r.clip(t.at)
	return c, errors.WithMessagef(r.values(c.X, t.frames), "datasets: %s", path)
}

func (r Reader) readFeatures(path string) (Clip, error) {
	a, err := openFeatureFile(path)
	if err != nil {
		return Clip{}, err
	}
	defer a.Close()
	if a.shape[1] != r.StepShape[0] {
		return Clip{}, errors.Errorf("it has %d features a step, and the model reads %d", a.shape[1], r.StepShape[0])
	}
	rows := takenRows(path, a.shape[0], r.Sampling)
	c := r.clip(rows)
	x := c.X[len(c.X)-len(rows)*a.shape[1]:]
	if err := a.rows(rows, x); err != nil {
		return Clip{}, err
	}
	r.Normalisation.Apply(x)
	return c, nil
}

// clip has room for the steps that were taken, and padding in front.
func (r Reader) clip(at []int) Clip {
	c := Clip{Steps: r.Sampling.Steps, Frames: at}
	if c.Steps == AllSteps || r.Unpadded {
		c.Steps = len(at)
	}
	for len(c.Frames) < c.Steps {
		c.Frames = append([]int{-1}, c.Frames...)
	}
	c.X = make([]float32, c.Steps*product(r.StepShape))
	return c
}

// decoder returns what takes the steps. Those of features are rows of bytes to it.
func (r Reader) decoder(path string, stream io.Reader) (decoder, error) {
	if err := r.Check(); err != nil {
		return decoder{}, err
	}
	v, err := Video{Steps: r.Sampling.Steps, Sample: r.Sampling.Sample, Limit: r.Limit}.complete()
	if err != nil {
		return decoder{}, errors.WithMessage(err, "datasets")
	}
	if base := filepath.Base(path); base == "." || base == ".." {
		if whole, err := filepath.Abs(path); err == nil {
			path = whole // the draw goes by the name
		}
	}
	d := decoder{opt: v, seed: seedOf(path), stream: stream, height: 1, channels: 1}
	if r.Features() {
		d.width = 4 * r.StepShape[0]
	} else {
		d.height, d.width, d.channels = r.StepShape[0], r.StepShape[1], r.StepShape[2]
	}
	return d, nil
}

func (r Reader) each(ctx context.Context, path string, stream io.Reader) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		d, err := r.decoder(path, stream)
		if err != nil {
			yield(nil, err)
			return
		}
		x := make([]float32, product(r.StepShape))
		all := d.each
		if r.Features() && stream == nil {
			all = eachFeatures
		}
		err = all(ctx, path, func(frame []byte) error {
			if err := r.values(x, frame); err != nil {
				return err
			}
			if !yield(x, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, errors.WithMessagef(err, "datasets: %s", path))
		}
	}
}

// eachFeatures calls yield with the bytes of every step of a file.
func eachFeatures(ctx context.Context, path string, yield func(row []byte) error) error {
	a, err := openFeatureFile(path)
	if err != nil {
		return err
	}
	defer a.Close()
	if _, err := a.Seek(a.size, io.SeekStart); err != nil {
		return err
	}
	return eachRaw(ctx, a, []int{a.shape[1]}, 4, yield)
}

// values writes what bytes hold to the end of x, and zeros before.
func (r Reader) values(x []float32, raw []byte) error {
	if !r.Features() {
		padInFront(x, raw, r.Normalisation)
		return nil
	}
	front := len(x) - len(raw)/4
	clear(x[:front])
	dtype{kind: 'f', size: 4}.floats(x[front:], raw)
	if at := notFinite(x); at >= 0 {
		return errors.Errorf("a feature is %v, want finite numbers", x[at])
	}
	r.Normalisation.Apply(x[front:])
	return nil
}
