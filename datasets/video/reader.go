package video

import (
	"cmp"
	"context"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/internal/stills"
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
	switch err := cmp.Or(r.Sampling.Check(), preprocess.CheckClip(r.Sampling.Steps, s), r.Normalisation.Check(s)); {
	case err != nil:
		return errors.WithMessage(err, "datasets")
	case r.Draws < 0:
		return errors.Errorf("datasets: Draws is %d; want at least 1, or 0 for one", r.Draws)
	case r.Draws > 1 && (r.Sampling.Sample != "random" || r.Sampling.Steps == AllSteps):
		return errors.Errorf("datasets: Draws is %d, but nothing is drawn: want Sample \"random\" of some of the steps", r.Draws)
	}
	return nil
}

// Read reads the clip in a file. It returns an error when there is no such file, when it
// holds no frame, when there is no ffmpeg, when more than 1 GiB would have to be kept,
// and ctx's error when ctx is done.
func (r Reader) Read(ctx context.Context, path string) (Clip, error) { return r.read(ctx, path, nil) }

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

func (r Reader) read(ctx context.Context, path string, stream io.Reader) (c Clip, err error) {
	if err := r.Check(); err != nil {
		return Clip{}, err
	}
	if r.Features() && stream == nil {
		err = r.addRows(&c, path)
	} else {
		err = r.addTaken(ctx, &c, path, stream)
	}
	if err != nil {
		return Clip{}, errors.WithMessagef(err, "datasets: %s", path)
	}
	return c, nil
}

// addTaken adds the draws of a video, a folder of pictures, or a stream to a clip.
func (r Reader) addTaken(ctx context.Context, c *Clip, path string, stream io.Reader) error {
	draws, err := decoder{r, stream}.decode(ctx, path)
	if err == nil && draws[0].seen == 0 {
		err = errors.New("there is no frame")
	}
	for _, t := range draws {
		if err == nil {
			err = r.values(r.add(c, t.at), t.frames)
		}
	}
	return err
}

func (r Reader) openRows(path string) (*npy.Rows, error) {
	a, err := npy.OpenRows(path)
	if err == nil && a.Features != r.StepShape[0] {
		a.Close()
		err = errors.Errorf("it has %d features a step, and the model reads %d", a.Features, r.StepShape[0])
	}
	return a, err
}

// addRows adds the draws of a file of features, of which it reads no other rows.
func (r Reader) addRows(c *Clip, path string) error {
	a, err := r.openRows(path)
	if err != nil {
		return err
	}
	defer a.Close()
	for k := range max(1, r.Draws) {
		rows := clipfiles.Taken(a.Steps, r.Sampling, clipfiles.Generator(r.Seed, k))
		x := r.add(c, rows)
		x = x[len(x)-len(rows)*a.Features:]
		if err := a.Take(rows, x); err != nil {
			return err
		}
		r.Normalisation.Apply(x)
	}
	return nil
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

func (r Reader) each(ctx context.Context, path string, stream io.Reader) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		if err := r.Check(); err != nil {
			yield(nil, err)
			return
		}
		x, left := make([]float32, dims.Size(r.StepShape)), errors.New("the loop was left")
		err := decoder{r, stream}.each(ctx, path, func(frame []byte) error {
			err := r.values(x, frame)
			if err == nil && !yield(x, nil) {
				err = left
			}
			return err
		})
		if err != nil && !errors.Is(err, left) {
			yield(nil, errors.WithMessagef(err, "datasets: %s", path))
		}
	}
}

// values writes what bytes hold to the end of x, and zeros before, as the papers do.
func (r Reader) values(x []float32, raw []byte) error {
	if !r.Features() {
		front := len(x) - len(raw)
		clear(x[:front])
		r.Normalisation.Bytes(x[front:], raw)
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

// decoder takes the steps of a clip that a Reader wants.
type decoder struct {
	Reader
	stream io.Reader // of raw steps, instead of a path
}

// size is the number of bytes of a step.
func (d decoder) size() int {
	if d.Features() {
		return 4 * d.StepShape[0]
	}
	return dims.Size(d.StepShape)
}

// each calls yield with every step of a video file, a folder of pictures, a file of
// features, or a stream.
func (d decoder) each(ctx context.Context, path string, yield func(frame []byte) error) error {
	if d.stream == nil && d.Features() {
		a, err := d.openRows(path)
		if err != nil {
			return err
		}
		defer a.Close()
		if _, err := a.Seek(a.Start, io.SeekStart); err != nil {
			return err
		}
		d.stream = a.File
	}
	if d.stream != nil {
		return d.eachRaw(ctx, yield)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	opt := ffmpeg.Options{Height: d.StepShape[0], Width: d.StepShape[1], Channels: d.StepShape[2], Limit: cmp.Or(d.Limit, 2*time.Minute)}
	if info.IsDir() {
		return stills.Decode(ctx, path, opt, yield)
	}
	return ffmpeg.Decode(ctx, path, opt, yield)
}

// eachRaw calls yield with every step of a stream.
func (d decoder) eachRaw(ctx context.Context, yield func(step []byte) error) error {
	raw := make([]byte, d.size())
	for k := 0; ; k++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch n, err := io.ReadFull(d.stream, raw); {
		case err == io.EOF:
			return nil
		case err == io.ErrUnexpectedEOF:
			return errors.Errorf("the input ends within step %d: %d of the %d bytes of %s are there", k, n, len(raw), dims.Dots(d.StepShape))
		case err != nil:
			return errors.Wrapf(err, "step %d", k)
		}
		if err := yield(raw); err != nil {
			return err
		}
	}
}

const (
	// mostKept bounds the memory for the frames of a clip whose number is not known yet: of
	// longer ones they are decoded twice.
	mostKept = 64 << 20

	// mostKeptAtAll is the same where decoding twice is no help: for a stream, or for all
	// frames. They become float32, whose bytes an int of 32 bits has to count.
	mostKeptAtAll = min(1<<30, math.MaxInt/8)
)

// taken are the frames that were taken of a clip.
type taken struct {
	frames []byte
	at     []int // the number of each in the clip, from 0
	seen   int   // frames of the clip
}

// decode returns the frames that the options take, once for each draw.
func (d decoder) decode(ctx context.Context, path string) (_ []taken, err error) {
	var t taken
	switch {
	case d.Sampling.Steps == AllSteps:
		t, err = d.keep(ctx, path, nil, mostKeptAtAll)
	case d.Sampling.Sample == "even":
		t, err = d.even(ctx, path)
	default:
		return d.random(ctx, path, max(1, d.Draws))
	}
	return []taken{t}, err
}

// random takes so many samples in one pass, as Vitter's algorithm R (1985) does:
// every set of frames is as likely, and the number of frames need not be known before.
func (d decoder) random(ctx context.Context, path string, draws int) ([]taken, error) {
	samples, rngs := make([]taken, draws), make([]*rand.Rand, draws)
	for k := range rngs {
		rngs[k] = clipfiles.Generator(d.Seed, k)
	}
	err := d.each(ctx, path, func(frame []byte) error {
		if len(samples[0].at) < d.Sampling.Steps && draws*(len(samples[0].frames)+len(frame)) > mostKeptAtAll {
			return errors.Errorf("%d draws of %d frames take more than %d MB; take fewer of them", draws, d.Sampling.Steps, mostKeptAtAll>>20)
		}
		for k := range samples {
			samples[k].offer(frame, d.Sampling.Steps, rngs[k])
		}
		return nil
	})
	for k, t := range samples {
		order := make([]int, len(t.at))
		for place := range order {
			order[place] = place
		}
		slices.SortFunc(order, func(a, b int) int { return t.at[a] - t.at[b] })
		samples[k] = d.pick(t, order)
	}
	return samples, err
}

// offer takes the next frame of a clip into the sample, or leaves it out.
func (t *taken) offer(frame []byte, steps int, rng *rand.Rand) {
	place := len(t.at)
	if place < steps {
		t.at = append(t.at, t.seen)
		t.frames = append(t.frames, frame...)
	} else if place = rng.IntN(t.seen + 1); place < steps {
		t.at[place] = t.seen
		copy(t.frames[place*len(frame):], frame)
	}
	t.seen++
}

// pick returns some of the frames that were taken.
func (d decoder) pick(t taken, places []int) taken {
	p := taken{frames: make([]byte, 0, len(places)*d.size()), seen: t.seen}
	for _, k := range places {
		p.frames = append(p.frames, t.frames[k*d.size():(k+1)*d.size()]...)
		p.at = append(p.at, t.at[k])
	}
	return p
}

// even takes frames at equal distances, the first and the last among them.
func (d decoder) even(ctx context.Context, path string) (taken, error) {
	most := mostKept
	if d.stream != nil {
		most = mostKeptAtAll
	}
	t, err := d.keep(ctx, path, nil, most)
	if err != nil {
		return t, err
	}
	wanted := d.Sampling.Even(t.seen)
	if len(t.at) < t.seen {
		return d.keep(ctx, path, wanted, mostKeptAtAll)
	}
	return d.pick(t, wanted), nil
}

// keep takes the wanted frames, sorted by number, or all for nil. Where they take more
// than most bytes, it counts them and keeps none, or fails if most is mostKeptAtAll.
func (d decoder) keep(ctx context.Context, path string, wanted []int, most int) (t taken, err error) {
	full := false
	err = d.each(ctx, path, func(frame []byte) error {
		if _, ok := slices.BinarySearch(wanted, t.seen); (ok || wanted == nil) && !full {
			t.frames, t.at = append(t.frames, frame...), append(t.at, t.seen)
		}
		if t.seen++; len(t.frames) > most {
			if most == mostKeptAtAll {
				return errors.Errorf("it goes on after %d frames, and all of them are to be kept, which takes more than %d MB; cut it, or take fewer frames", t.seen-1, most>>20)
			}
			full, t.frames, t.at = true, nil, nil
		}
		return nil
	})
	return t, err
}
