package video

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/internal/stills"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// decoder takes the steps of a clip that are wanted.
type decoder struct {
	sampling preprocess.Sampling
	shape    []int         // (height, width, channels) of a frame, or (features)
	bytes    int           // of a value
	limit    time.Duration // for a file or a folder of frames
	seed     uint64
	stream   io.Reader // of raw steps, instead of a path
}

const defaultLimit = 2 * time.Minute

// size is the number of bytes of a step.
func (d decoder) size() int { return dims.Size(d.shape) * d.bytes }

// most is how many bytes the steps of a clip have at most.
func (d decoder) most() int64 {
	if d.sampling.Steps == AllSteps {
		return mostKeptAtAll
	}
	return int64(d.sampling.Steps) * int64(d.size())
}

// each calls yield with every step of a video file, a folder of pictures, a file of
// features, or a stream.
func (d decoder) each(ctx context.Context, path string, yield func(frame []byte) error) error {
	if d.stream != nil {
		return d.eachRaw(ctx, d.stream, yield)
	}
	if d.bytes != 1 {
		a, err := npy.OpenRows(path)
		if err != nil {
			return err
		}
		defer a.Close()
		if _, err := a.Seek(a.Start, io.SeekStart); err != nil {
			return err
		}
		d.shape = []int{a.Features}
		return d.eachRaw(ctx, a.File, yield)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	opt := ffmpeg.Options{Height: d.shape[0], Width: d.shape[1], Channels: d.shape[2], Limit: d.limit}
	if info.IsDir() {
		return stills.Decode(ctx, path, opt, yield)
	}
	return ffmpeg.Decode(ctx, path, opt, yield)
}

// eachRaw calls yield with every step of a stream.
func (d decoder) eachRaw(ctx context.Context, from io.Reader, yield func(step []byte) error) error {
	raw := make([]byte, d.size())
	for k := 0; ; k++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch n, err := io.ReadFull(from, raw); {
		case err == io.EOF:
			return nil
		case err == io.ErrUnexpectedEOF:
			return errors.Errorf("the input ends within step %d: %d of the %d bytes of %s are there", k, n, len(raw), dims.Dots(d.shape))
		case err != nil:
			return errors.Wrapf(err, "step %d", k)
		}
		if err := yield(raw); err != nil {
			return err
		}
	}
}

// mostKept bounds the memory for the frames of a clip whose number is not known
// yet: of longer ones they are decoded twice.
const mostKept = 64 << 20

// mostKeptAtAll is the same where decoding twice is no help: for a stream, or for all
// frames. They become float32, whose bytes an int of 32 bits has to count.
const mostKeptAtAll = min(1<<30, math.MaxInt/8)

// taken are the frames that were taken of a clip.
type taken struct {
	frames []byte
	at     []int // the number of each in the clip, from 0
	seen   int   // frames of the clip
}

// decode returns the frames that the options take.
func (d decoder) decode(ctx context.Context, path string) (taken, error) {
	switch {
	case d.sampling.Steps == AllSteps:
		return d.keep(ctx, path, nil)
	case d.sampling.Sample == "even":
		return d.even(ctx, path)
	}
	all, err := d.random(ctx, path, 1)
	return all[0], err
}

// random takes so many samples in one pass, as Vitter's algorithm R (1985) does:
// every set of frames is as likely, and the number of frames need not be known before.
func (d decoder) random(ctx context.Context, path string, draws int) ([]taken, error) {
	samples, rngs := make([]taken, draws), make([]*rand.Rand, draws)
	for k := range rngs {
		rngs[k] = clipfiles.Generator(d.seed, k)
	}
	err := d.each(ctx, path, func(frame []byte) error {
		if len(samples[0].at) < d.sampling.Steps && draws*(len(samples[0].frames)+len(frame)) > mostKeptAtAll {
			return errors.Errorf("%d draws of %d frames take more than %d MB; take fewer of them", draws, d.sampling.Steps, mostKeptAtAll>>20)
		}
		for k := range samples {
			samples[k].offer(frame, d.sampling.Steps, rngs[k])
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
	whole, most := true, mostKept
	if d.stream != nil {
		most = mostKeptAtAll
	}
	var t taken
	err := d.each(ctx, path, func(frame []byte) error {
		if whole && len(t.frames)+len(frame) > most {
			whole, t.frames = false, nil
			if d.stream != nil {
				return tooLong(t.seen)
			}
		}
		if whole {
			t.frames = append(t.frames, frame...)
		}
		t.at = append(t.at, t.seen)
		t.seen++
		return nil
	})
	if err != nil || whole && t.seen <= d.sampling.Steps {
		return t, err
	}
	wanted := d.sampling.Even(t.seen)
	if !whole {
		return d.keep(ctx, path, wanted)
	}
	return d.pick(t, wanted), nil
}

// keep takes the wanted frames, sorted by number, or all for nil.
func (d decoder) keep(ctx context.Context, path string, wanted []int) (taken, error) {
	var t taken
	err := d.each(ctx, path, func(frame []byte) error {
		if len(t.frames)+len(frame) > mostKeptAtAll {
			return tooLong(t.seen)
		}
		if _, ok := slices.BinarySearch(wanted, t.seen); ok || wanted == nil {
			t.frames = append(t.frames, frame...)
			t.at = append(t.at, t.seen)
		}
		t.seen++
		return nil
	})
	return t, err
}

func tooLong(frames int) error {
	return errors.Errorf("it goes on after %d frames, and all of them are to be kept, which takes more than %d MB; cut it, or take fewer frames", frames, mostKeptAtAll>>20)
}
