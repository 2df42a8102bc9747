package datasets

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// decoder takes the frames of a clip that are wanted.
type decoder struct {
	opt                     Video
	width, height, channels int
	seed                    uint64
	stream                  io.Reader // of raw frames, instead of a path
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
	case d.opt.Steps == AllSteps:
		return d.keep(ctx, path, nil)
	case d.opt.Sample == "even":
		return d.even(ctx, path)
	}
	all, err := d.random(ctx, path, 1)
	return all[0], err
}

func (d decoder) size() int { return d.width * d.height * d.channels }

// generator is what draw number k, from 0, of a clip's frames is made with. The first
// is the one that a set takes.
func generator(seed uint64, k int) *rand.Rand { return rand.New(rand.NewPCG(seed, 1+uint64(k))) }

// random takes so many samples in one pass, as Vitter's algorithm R (1985) does:
// every set of frames is as likely, and the number of frames need not be known before.
func (d decoder) random(ctx context.Context, path string, draws int) ([]taken, error) {
	samples, rngs := make([]taken, draws), make([]*rand.Rand, draws)
	for k := range rngs {
		rngs[k] = generator(d.seed, k)
	}
	err := d.each(ctx, path, func(frame []byte) error {
		if len(samples[0].at) < d.opt.Steps && draws*(len(samples[0].frames)+len(frame)) > mostKeptAtAll {
			return errors.Errorf("%d draws of %d frames take more than %d MB; take fewer of them", draws, d.opt.Steps, mostKeptAtAll>>20)
		}
		for k := range samples {
			samples[k].offer(frame, d.opt.Steps, rngs[k])
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
	if err != nil || whole && t.seen <= d.opt.Steps {
		return t, err
	}
	wanted := evenly(t.seen, d.opt.Steps)
	if !whole {
		return d.keep(ctx, path, wanted)
	}
	return d.pick(t, wanted), nil
}

// evenly lists so many of n steps at equal distances, or all where there are no more.
func evenly(n, steps int) []int {
	wanted := make([]int, min(n, steps))
	for k := range wanted {
		wanted[k] = int(math.Round(float64(k) * float64(n-1) / math.Max(1, float64(len(wanted)-1))))
	}
	return wanted
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
