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

// OrderByLength is Order for batches of so many clips of like length, so that fewer steps of
// padding are computed. Batches of 50 at a time are drawn, and their clips sorted. It is Order
// where a length is not known, or all are equal.
func OrderByLength(s Set, p Part, size int, seed uint64, epoch int) []int {
	const drawn = 50
	order := Order(s.Clips(p), seed, epoch)
	length := func(i int) int { return Length(s, p, i) }
	unknown := slices.ContainsFunc(order, func(i int) bool { return length(i) < 0 })
	differ := slices.ContainsFunc(order, func(i int) bool { return length(i) != length(order[0]) })
	if unknown || !differ || size < 1 {
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

// Batch is a number of clips read together, or a piece of them.
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

	// From is the step of the clips at which X begins, and More says that another
	// piece of the same clips follows; 0 and false but for Pieces.
	From int
	More bool

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
	return Pieces(s, p, size, max(1, s.Steps()), order)
}

// Pieces is Batches of clips that are read in pieces of so many steps, (batch, piece,
// n_1, ..., n_d), one after the other as far as the longest clip of the batch goes. What is
// in memory are two pieces, where the set's Table has a Window; else all steps of a batch too.
func Pieces(s Set, p Part, size, piece int, order []int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		r := &reader{set: s, part: p, piece: max(1, min(piece, s.Steps()))}
		err := r.check(size)
		if err != nil {
			yield(nil, err)
			return
		}
		const buffers = 2
		free := make(chan *Batch, buffers)
		ready := make(chan *Batch, buffers) // room for all, so sending never blocks
		for range buffers {
			free <- &Batch{X: make([]float32, size*r.piece*r.step)}
		}
		clips := slices.Clone(order) // the caller may shuffle order while we read ahead
		go func() {
			defer close(ready)
			for chunk := range slices.Chunk(clips, size) {
				from, more := 0, true
				for more {
					b, wanted := <-free
					if !wanted {
						return
					}
					b.From, b.Asked = from, len(chunk)
					b.err = r.read(b, chunk)
					from, more = from+r.piece, b.More // b is the caller's from here on
					failed := b.err != nil
					if ready <- b; failed {
						return
					}
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

// reader reads pieces of clips, those of a batch from the first to the last.
type reader struct {
	set         Set
	part        Part
	piece, step int // steps of a piece, values of a step

	whole *Batch // all steps of the clips, where the set reads no pieces of its own
	clips []int  // of the batch that are not damaged, from its second piece on
}

// read fills the batch with its piece of the given clips.
func (r *reader) read(b *Batch, clips []int) error {
	b.More = false
	if r.piece == r.set.Steps() {
		return b.read(clips, r.piece*r.step, r.readWhole)
	}
	own := r.windowed()
	if own == nil {
		return r.cut(b, clips)
	}
	if b.From > 0 {
		clips = r.clips
	}
	err := b.read(clips, r.piece*r.step, func(i int, x []float32) (int, int, error) { return own.window(r.part, i, b.From, x) })
	if r.clips = append(r.clips[:0], b.Clips...); err == nil && len(b.Clips) < len(clips) && b.From > 0 {
		err = errors.Errorf("datasets: %s: a clip of which %d steps were read can no longer be read", r.set.Name(), b.From)
	}
	b.More = r.follows(b)
	return err
}

func (r *reader) readWhole(i int, x []float32) (label, steps int, err error) {
	return r.set.Read(r.part, i, x)
}

// windowed returns the set if it reads pieces of its own, and else nil.
func (r *reader) windowed() *set {
	if own, _ := r.set.(*set); own != nil && own.t.Window != nil {
		return own
	}
	return nil
}

// cut fills the batch from clips that are read as a whole, before their first piece.
func (r *reader) cut(b *Batch, clips []int) error {
	each := r.set.Steps() * r.step
	if r.whole == nil {
		r.whole = &Batch{X: make([]float32, len(b.X)/(r.piece*r.step)*each)}
	}
	if b.From == 0 {
		if err := r.whole.read(clips, each, r.readWhole); err != nil {
			return err
		}
	}
	b.Len = r.whole.Len
	b.Labels, b.Steps, b.Clips = append(b.Labels[:0], r.whole.Labels...), append(b.Steps[:0], r.whole.Steps...), append(b.Clips[:0], r.whole.Clips...)
	clear(b.X)
	for k := range b.Len {
		copy(b.X[k*r.piece*r.step:][:r.piece*r.step], r.whole.X[k*each+b.From*r.step:(k+1)*each])
	}
	b.More = r.follows(b)
	return nil
}

// follows reports whether a clip goes on behind the batch's piece.
func (r *reader) follows(b *Batch) bool {
	return b.Len > 0 && slices.Max(b.Steps) > b.From+r.piece
}

// read fills the batch with the given clips, each of so many values.
func (b *Batch) read(clips []int, each int, one func(i int, x []float32) (label, steps int, err error)) error {
	b.Clips, b.Labels, b.Steps = b.Clips[:0], b.Labels[:0], b.Steps[:0]
	rest := b.X
	for _, i := range clips {
		label, steps, err := one(i, rest[:each:each])
		if skip := (*SkipError)(nil); errors.As(err, &skip) {
			continue
		}
		if err != nil {
			return err
		}
		b.Clips, b.Labels, b.Steps = append(b.Clips, i), append(b.Labels, label), append(b.Steps, steps)
		rest = rest[each:]
	}
	b.Len = len(b.Clips)
	clear(rest) // the buffer held other clips before
	return nil
}

// check finds the number of values of a step. More values in a batch than a clip may
// have are a mistake, and running out of memory is nothing a program can report.
func (r *reader) check(size int) error {
	s := r.set
	if size <= 0 {
		return errors.Errorf("datasets: batch size is %d, want at least 1", size)
	}
	shape := append([]int{size, s.Steps()}, s.StepShape()...)
	if r.windowed() != nil {
		shape[1] = min(r.piece, s.Steps())
	}
	room := preprocess.MaxValues
	for _, n := range shape {
		if n <= 0 {
			return errors.Errorf("datasets: %s has clips of shape %s, every size must be positive", s.Name(), dims.Dots(shape[1:]))
		}
		room /= n
	}
	if room == 0 {
		return errors.Errorf("datasets: a batch of %s values from %s does not fit in memory, use a batch size below %d",
			dims.Dots(shape), s.Name(), size)
	}
	r.step = dims.Size(shape[2:])
	return nil
}
