package video

import (
	"cmp"
	"context"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Reader reads single clips that belong to no set as a set would read them for training.
// Its fields are those of the set, or of a model's checkpoint. The result depends on them
// and on the clip's content, not on the name of its file: Sample "random" draws by Seed,
// where a set draws by the name of each clip.
type Reader struct {
	// StepShape is (height, width, channels), with 3 or 1 channels, for videos and
	// folders of numbered pictures, or (features) for .npy files of shape (steps,
	// features).
	StepShape []int

	Sampling      preprocess.Sampling
	Normalisation preprocess.Normalisation

	// Seed determines which steps Sample "random" draws of a clip of a given length.
	Seed uint64

	// Draws is how often Sample "random" draws from a clip, which is read once for all
	// of them; 0 means once. The first draw is the same for any number of them.
	Draws int

	// Unpadded lets a clip with fewer steps than Sampling says keep its own number, as
	// sequences stored with their lengths do.
	Unpadded bool

	// Limit is the most time for decoding a file or a folder of frames; 0 means two
	// minutes.
	Limit time.Duration
}

// Clip is what a model reads from a file.
type Clip struct {
	X      []float32 // (draws, steps, n_1, ..., n_d), normalised
	Draws  int       // 1 unless Reader.Draws says more
	Steps  int       // of a draw
	Frames []int     // of each step of X: its number in the file, from 0; -1 for padding
}

// errStop ends a clip whose reader wants no more.
var errStop = errors.New("stop")

// Features reports whether clips are features rather than frames.
func (r Reader) Features() bool { return len(r.StepShape) == 1 }

// Check returns an error for steps that a Reader can't read, and for several Draws
// that would all be the same.
func (r Reader) Check() error {
	s := r.StepShape
	frames := len(s) == 3 && s[0] > 0 && s[1] > 0 && (s[2] == 1 || s[2] == 3)
	if !frames && !(r.Features() && s[0] > 0) {
		return errors.Errorf("datasets: steps of %s are neither frames, (height, width, 3), or 1 for grey, nor features", dims.Dots(s))
	}
	if err := r.Sampling.Check(); err != nil {
		return errors.WithMessage(err, "datasets")
	}
	if err := preprocess.CheckClip(r.Sampling.Steps, s); err != nil {
		return errors.WithMessage(err, "datasets")
	}
	switch random := r.Sampling.Sample == "random" && r.Sampling.Steps != AllSteps; {
	case r.Draws < 0:
		return errors.Errorf("datasets: Draws is %d; want at least 1, or 0 for one", r.Draws)
	case r.Draws > 1 && !random:
		return errors.Errorf("datasets: Draws is %d, but nothing is drawn: want Sample \"random\" of some of the steps", r.Draws)
	}
	return errors.WithMessage(r.Normalisation.Check(s), "datasets")
}

// Read reads the clip in a file. It returns an error when there is no such file, when it
// holds no frame, when there is no ffmpeg, when more than 1 GiB would have to be kept,
// and ctx's error when ctx is done.
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

// ReadFrom reads a stream of raw steps to its end as one clip: bytes for frames,
// little-endian float32 for features. It returns an error when reading fails, when there
// is no step or only a part of the last one, or when more than 1 GiB would have to be
// kept.
func (r Reader) ReadFrom(ctx context.Context, stream io.Reader) (Clip, error) {
	return r.read(ctx, "-", stream)
}

// Each yields every step of a file, as Stream does of a stream.
func (r Reader) Each(ctx context.Context, path string) iter.Seq2[[]float32, error] {
	return r.each(ctx, path, nil)
}

// Stream yields raw steps as they come, see ReadFrom, each (n_1, ..., n_d), normalised,
// in a slice that is valid until the next. Nothing is sampled. It ends with an error when
// reading fails or ends within a step, or with ctx's error when ctx is done.
func (r Reader) Stream(ctx context.Context, from io.Reader) iter.Seq2[[]float32, error] {
	return r.each(ctx, "-", from)
}

func (r Reader) read(ctx context.Context, path string, stream io.Reader) (Clip, error) {
	d, err := r.decoder(stream)
	if err != nil {
		return Clip{}, err
	}
	var draws []taken
	if r.Draws > 1 {
		draws, err = d.random(ctx, path, r.Draws)
	} else {
		draws = make([]taken, 1)
		draws[0], err = d.decode(ctx, path)
	}
	if err == nil && draws[0].seen == 0 {
		err = errors.New("there is no frame")
	}
	if err != nil {
		return Clip{}, errors.WithMessagef(err, "datasets: %s", path)
	}
	var c Clip
	for _, t := range draws {
		if err := r.values(r.add(&c, t.at), t.frames); err != nil {
			return Clip{}, errors.WithMessagef(err, "datasets: %s", path)
		}
	}
	return c, nil
}

func (r Reader) readFeatures(path string) (Clip, error) {
	a, err := npy.OpenRows(path)
	if err != nil {
		return Clip{}, err
	}
	defer a.Close()
	if a.Features != r.StepShape[0] {
		return Clip{}, errors.Errorf("it has %d features a step, and the model reads %d", a.Features, r.StepShape[0])
	}
	var c Clip
	for k := range max(1, r.Draws) {
		rows := clipfiles.Taken(a.Steps, r.Sampling, clipfiles.Generator(r.Seed, k))
		x := r.add(&c, rows)
		x = x[len(x)-len(rows)*a.Features:]
		if err := a.Take(rows, x); err != nil {
			return Clip{}, err
		}
		r.Normalisation.Apply(x)
	}
	return c, nil
}

// add makes room in a clip for one more draw, of the steps that were taken and of
// padding in front, and returns it.
func (r Reader) add(c *Clip, at []int) []float32 {
	c.Steps = r.Sampling.Steps
	if c.Steps == AllSteps || r.Unpadded {
		c.Steps = len(at)
	}
	c.Frames = append(append(c.Frames, slices.Repeat([]int{-1}, c.Steps-len(at))...), at...)
	size := c.Steps * dims.Size(r.StepShape)
	if c.X == nil {
		c.X = make([]float32, 0, max(1, r.Draws)*size)
	}
	c.X = c.X[:len(c.X)+size]
	c.Draws++
	return c.X[len(c.X)-size:]
}

// decoder returns what takes the steps.
func (r Reader) decoder(stream io.Reader) (decoder, error) {
	if err := r.Check(); err != nil {
		return decoder{}, err
	}
	d := decoder{sampling: r.Sampling, shape: r.StepShape, bytes: 1, limit: cmp.Or(r.Limit, defaultLimit), seed: r.Seed, stream: stream}
	if r.Features() {
		d.bytes = 4
	}
	return d, nil
}

func (r Reader) each(ctx context.Context, path string, stream io.Reader) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		d, err := r.decoder(stream)
		if err != nil {
			yield(nil, err)
			return
		}
		x := make([]float32, dims.Size(r.StepShape))
		err = d.each(ctx, path, func(frame []byte) error {
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

// values writes what bytes hold to the end of x, and zeros before.
func (r Reader) values(x []float32, raw []byte) error {
	if !r.Features() {
		padInFront(x, raw, r.Normalisation)
		return nil
	}
	front := len(x) - len(raw)/4
	clear(x[:front])
	npy.Floats(x[front:], raw, 4)
	if at := measure.NotFinite(x); at >= 0 {
		return errors.Errorf("a feature is %v, want finite numbers", x[at])
	}
	r.Normalisation.Apply(x[front:])
	return nil
}
