package datasets

import (
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Order returns the numbers from 0 to n-1 in an order fixed by seed and epoch:
// shuffled anew in every epoch, yet the same whenever a run is repeated. It is
// empty when n is not positive.
func Order(n int, seed uint64, epoch int) []int {
	return rand.New(rand.NewPCG(seed, uint64(epoch))).Perm(max(n, 0))
}

// OrderByLength is Order for batches of so many clips of like length: of fewer steps of padding
// are then computed. Batches of 50 at a time are drawn, and their clips sorted. Where a length is
// not known it is Order.
func OrderByLength(s Set, p Part, size int, seed uint64, epoch int) []int {
	const drawn = 50
	order := Order(s.Clips(p), seed, epoch)
	length := func(i int) int { return Length(s, p, i) }
	if slices.ContainsFunc(order, func(i int) bool { return length(i) < 0 }) || size < 1 {
		return order
	}
	rng := rand.New(rand.NewPCG(seed^0x6c656e677468, uint64(epoch)))
	for together := range slices.Chunk(order, drawn*size) {
		whole := together[:len(together)/size*size] // what is left over stays the last batch
		slices.SortStableFunc(whole, func(a, b int) int { return length(a) - length(b) })
		batches := slices.Collect(slices.Chunk(slices.Clone(whole), size))
		rng.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
		copy(whole, slices.Concat(batches...))
	}
	return order
}

// Batch is a number of clips read together.
type Batch struct {
	// X holds the clips as (batch, steps, n_1, ..., n_d) in row-major order. It
	// always has room for the size given to Batches, so that a model needs only
	// one input shape. When fewer clips were left, the rest is zero.
	X []float32

	// Labels, Steps and Clips have one entry for each of the Len clips: its
	// label, the number of steps it really has, and its index in the part.
	Labels, Steps, Clips []int

	// Len is the number of clips, at most the size given to Batches. Asked is
	// the number of clips asked for: larger than Len where damaged clips were
	// left out.
	Len, Asked int

	err error // what stopped the reading of this batch
}

// Batches yields the clips of part p in the given order, size at a time; the
// last batch may be shorter, and an empty order yields nothing. While the
// caller works on a batch the next one is read in the background.
//
// A Batch is valid until the next one is asked for: two buffers alternate, which
// keeps the memory of a whole epoch at two batches. Leaving the loop early is
// fine and leaves no goroutine behind. A clip whose error is a SkipError is left
// out; any other error is yielded with a nil Batch and ends the sequence.
func Batches(s Set, p Part, size int, order []int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		clipLen, err := checkBatch(s, size)
		if err != nil {
			yield(nil, err)
			return
		}
		const buffers = 2
		free := make(chan *Batch, buffers)
		ready := make(chan *Batch, buffers) // room for all, so sending never blocks
		for range buffers {
			free <- &Batch{X: make([]float32, size*clipLen)}
		}
		clips := slices.Clone(order) // the caller may shuffle order while we read ahead
		go func() {
			defer close(ready)
			for chunk := range slices.Chunk(clips, size) {
				b, more := <-free
				if !more {
					return
				}
				b.err = b.read(s, p, chunk, clipLen)
				ready <- b
				if b.err != nil {
					return
				}
			}
		}()
		defer func() {
			close(free)
			for range free { // nothing more is to be read
			}
			for range ready { // until the goroutine closes it
			}
		}()
		for b := range ready {
			if b.err != nil {
				yield(nil, b.err)
				return
			}
			if !yield(b, nil) {
				return
			}
			free <- b
		}
	}
}

// read fills the batch with the given clips.
func (b *Batch) read(s Set, p Part, clips []int, clipLen int) error {
	b.Asked = len(clips)
	b.Clips, b.Labels, b.Steps = b.Clips[:0], b.Labels[:0], b.Steps[:0]
	rest := b.X
	for _, i := range clips {
		label, steps, err := s.Read(p, i, rest[:clipLen:clipLen])
		if skip := (*SkipError)(nil); errors.As(err, &skip) {
			continue
		}
		if err != nil {
			return err
		}
		b.Clips, b.Labels, b.Steps = append(b.Clips, i), append(b.Labels, label), append(b.Steps, steps)
		rest = rest[clipLen:]
	}
	b.Len = len(b.Clips)
	clear(rest) // the buffer held other clips before
	return nil
}

// checkBatch returns the number of values of one clip. More values in a batch than a clip
// may have are a mistake, and running out of memory is nothing a program can report.
func checkBatch(s Set, size int) (clipLen int, err error) {
	if size <= 0 {
		return 0, errors.Errorf("datasets: batch size is %d, want at least 1", size)
	}
	shape := append([]int{size, s.Steps()}, s.StepShape()...)
	room := preprocess.MaxValues
	for _, n := range shape {
		if n <= 0 {
			return 0, errors.Errorf("datasets: %s has clips of shape %s, every size must be positive", s.Name(), dims.Dots(shape[1:]))
		}
		room /= n
	}
	if room == 0 {
		return 0, errors.Errorf("datasets: a batch of %s values from %s does not fit in memory, use a batch size below %d",
			dims.Dots(shape), s.Name(), size)
	}
	return dims.Size(shape[1:]), nil
}
