package datasets

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// decoder takes the frames of a clip that are wanted.
type decoder struct {
	opt                     Video
	width, height, channels int
	seed                    uint64
}

// mostKept bounds the memory for the frames of a clip whose number is not known
// yet: of longer ones they are decoded twice.
const mostKept = 64 << 20

// decode returns the frames that the options take, their number, and how many the
// clip has.
func (d decoder) decode(ctx context.Context, path string) (frames []byte, count, seen int, err error) {
	switch {
	case d.opt.Steps == AllSteps:
		frames, seen, err = d.keep(ctx, path, nil)
	case d.opt.Sample == "even":
		frames, seen, err = d.even(ctx, path)
	default:
		frames, seen, err = d.random(ctx, path)
	}
	return frames, len(frames) / d.size(), seen, err
}

func (d decoder) size() int { return d.width * d.height * d.channels }

// random takes a sample as Vitter's algorithm R (1985) does: every set of frames is
// as likely, and the number of frames need not be known before.
func (d decoder) random(ctx context.Context, path string) (frames []byte, seen int, err error) {
	rng := rand.New(rand.NewPCG(d.seed, 1))
	var at []int // the frame in each place
	err = d.each(ctx, path, func(frame []byte) error {
		place := len(at)
		if place < d.opt.Steps {
			at = append(at, seen)
			frames = append(frames, frame...)
		} else if place = rng.IntN(seen + 1); place < d.opt.Steps {
			at[place] = seen
			copy(frames[place*d.size():], frame)
		}
		seen++
		return nil
	})
	order := make([]int, len(at))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return at[a] - at[b] })
	sorted := make([]byte, 0, len(frames))
	for _, k := range order {
		sorted = append(sorted, frames[k*d.size():(k+1)*d.size()]...)
	}
	return sorted, seen, err
}

// even takes frames at equal distances, the first and the last among them.
func (d decoder) even(ctx context.Context, path string) (frames []byte, seen int, err error) {
	whole := true
	err = d.each(ctx, path, func(frame []byte) error {
		if seen++; whole && len(frames)+len(frame) > mostKept {
			whole, frames = false, nil
		}
		if whole {
			frames = append(frames, frame...)
		}
		return nil
	})
	if err != nil || seen <= d.opt.Steps {
		return frames, seen, err
	}
	wanted := evenly(d.opt.Steps, seen)
	if !whole {
		frames, _, err = d.keep(ctx, path, wanted)
		return frames, seen, err
	}
	var taken []byte
	for _, k := range wanted {
		taken = append(taken, frames[k*d.size():(k+1)*d.size()]...)
	}
	return taken, seen, nil
}

// evenly lists n of a number of steps, at equal distances.
func evenly(n, of int) []int {
	steps := make([]int, n)
	for k := range steps {
		steps[k] = int(math.Round(float64(k) * float64(of-1) / math.Max(1, float64(n-1))))
	}
	return steps
}

// keep takes the wanted frames, sorted by number, or all for nil.
func (d decoder) keep(ctx context.Context, path string, wanted []int) (frames []byte, seen int, err error) {
	err = d.each(ctx, path, func(frame []byte) error {
		if _, ok := slices.BinarySearch(wanted, seen); ok || wanted == nil {
			frames = append(frames, frame...)
		}
		seen++
		return nil
	})
	return frames, seen, err
}
