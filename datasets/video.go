package datasets

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/clipcache"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Video says how video files become clips of a set.
type Video struct {
	// Steps is the number of frames taken of a clip; 0 means 6. A clip with fewer has
	// steps of zeros in front. AllSteps takes every frame.
	Steps int

	// Sample says which: "random" (also ""), drawn once for each clip and sorted by time,
	// as in the papers, or "even", evenly spaced.
	Sample string

	// Grey takes the brightness alone, one channel instead of three.
	Grey bool

	// Cache is the folder for decoded clips, "" for the user's own; CacheLimit is its
	// largest size in bytes, 0 for no limit.
	Cache      string
	CacheLimit int64

	// MaxBad is the fraction of the clips that may be damaged, and are left out, before
	// reading fails; 0 means 0.01, and a negative number none.
	MaxBad float64

	// Limit is the most time for decoding a file or a folder of frames; 0 means two
	// minutes.
	Limit time.Duration

	// OnDecoded is called after each decoded clip, OnBad for each that could not be
	// decoded, and OnUncached once, when a decoded clip could not be kept in the cache:
	// such clips are decoded again each time they are read. All are called by one
	// goroutine at a time, which must not use the set. They may be nil.
	OnDecoded  func(Decoding)
	OnBad      func(path string, err error)
	OnUncached func(error)
}

// AllSteps as Video.Steps takes every frame.
const AllSteps = preprocess.AllSteps

// Decoding is how far the decoding of a set has got.
type Decoding struct {
	Done, Clips int // clips, excluding those in the cache
	Frames      int // decoded so far
	Bad         int
}

// SkipError is the error of any Set's Read for a damaged clip. Batches leaves the clip
// out and goes on.
type SkipError struct {
	Path string // of the clip
	Err  error  // what is wrong
}

// Error returns the text of Err.
func (e *SkipError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *SkipError) Unwrap() error { return e.Err }

// DamagedError is the error when more clips are damaged than Video.MaxBad allows.
type DamagedError struct{ err error }

// Error says how many are damaged, and quotes the last one.
func (e *DamagedError) Error() string { return e.err.Error() }

// layouts are the sets in folders that Open knows by a name before a colon.
var layouts = map[string]func(root string) (*layout.Listing, error){
	"ucf11": layout.UCF11, "hmdb51": layout.HMDB51, "youtube": layout.YouTube, "folder": layout.Folder,
}

// videoSet is a set of video files. Its clips are decoded in the background into
// a cache on disk, from which Read takes them; a clip that is asked for before is
// decoded at once. Nothing but two batches is in memory.
type videoSet struct {
	*clipFiles
	opt           Video
	height, width int
	steps         int
	how           string // of decoding, for the cache
	normalisation preprocess.Normalisation
	cache         *clipcache.Cache

	cancel context.CancelCauseFunc
	ctx    context.Context // of all decoding
	work   sync.WaitGroup
	once   []sync.Mutex // of each clip: it is decoded by one goroutine

	mu       sync.Mutex
	decoded  map[int]bool // in this process
	uncached bool         // a clip could not be kept
	decoding Decoding
}

var (
	_ Grouped  = (*videoSet)(nil)
	_ Labelled = (*videoSet)(nil)
)

const (
	// papersWidth and papersHeight are the papers' frames.
	papersWidth, papersHeight = 160, 120
	papersSteps               = 6

	// Values of a video are brought near 0 and 1 by what is known of bytes alone, so
	// that training can start before all of them are decoded.
	videoMean, videoStd = 128, 64
)

// openVideo opens the set of a layout in a folder. When ctx is done it decodes no more.
func openVideo(ctx context.Context, name, kind, root string, opt Options) (_ Set, err error) {
	wrap := func(err error) error { return errors.WithMessagef(err, "datasets: %s", name) }
	v, err := opt.Video.complete()
	if err != nil {
		return nil, wrap(err)
	}
	files, err := openFolder(name, kind, root, layouts[kind], opt, v)
	if err != nil {
		return nil, wrap(err)
	}
	s := &videoSet{
		clipFiles: files, opt: v, height: opt.Height, width: opt.Width, steps: v.Steps,
		once: make([]sync.Mutex, len(files.listing.Clips)), decoded: map[int]bool{},
	}
	if s.height == 0 {
		s.height, s.width = papersHeight, papersWidth
	}
	if err := preprocess.CheckClip(v.Steps, s.StepShape()); err != nil {
		return nil, wrap(err)
	}
	if err := opt.accept(s); err != nil {
		return nil, err
	}
	s.how = fmt.Sprintf("%dx%dx%d %d %s", s.width, s.height, s.channels(), v.Steps, v.Sample)
	if v.Steps == AllSteps {
		s.how = fmt.Sprintf("%dx%dx%d all", s.width, s.height, s.channels())
	}
	if v.Cache == "" {
		if v.Cache, err = clipcache.Dir(); err != nil {
			return nil, wrap(err)
		}
	}
	if s.cache, err = clipcache.Open(v.Cache, v.CacheLimit); err != nil {
		return nil, wrap(err)
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	err = s.start()
	if err == nil {
		err = s.prepare(opt)
	}
	if stopped := ctx.Err(); stopped != nil {
		err = stopped
	}
	if err != nil {
		return nil, wrap(err)
	}
	return s, nil
}

// complete fills the options in and checks them.
func (v Video) complete() (Video, error) {
	if v.Steps == 0 {
		v.Steps = papersSteps
	}
	if v.Sample == "" {
		v.Sample = "random"
	}
	if v.MaxBad == 0 {
		v.MaxBad = 0.01
	}
	if v.Limit == 0 {
		v.Limit = 2 * time.Minute
	}
	if err := v.sampling().Check(); err != nil {
		return v, err
	}
	switch {
	case math.IsNaN(v.MaxBad) || v.MaxBad > 1:
		return v, errors.Errorf("MaxBad is %v, want a part of the clips, at most 1", v.MaxBad)
	case v.CacheLimit < 0 || v.Limit < 0:
		return v, errors.Errorf("CacheLimit %d and Limit %v must not be negative", v.CacheLimit, v.Limit)
	}
	return v, nil
}

func (v Video) sampling() preprocess.Sampling {
	return preprocess.Sampling{Steps: v.Steps, Sample: v.Sample}
}

// prepare finds out what is not known before the clips are decoded: the longest of
// them and the normalisation, as far as they are asked for.
func (s *videoSet) prepare(opt Options) error {
	if s.steps == AllSteps {
		s.steps = 0
		for _, k := range slices.Concat(s.clips[Train], s.clips[Test]) {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			count, err := s.count(k)
			if skipped(err) {
				continue
			}
			if err != nil {
				return err
			}
			s.steps = max(s.steps, count)
		}
		if s.steps == 0 {
			return errors.New("no clip could be decoded")
		}
	}
	switch {
	case opt.Normalisation != nil:
		s.normalisation = cloneNormalisation(*opt.Normalisation)
		return s.normalisation.Check(s.StepShape())
	case opt.Normalise == none:
		return nil
	case opt.Normalise == "" || opt.Normalise == auto:
		s.normalisation = preprocess.Normalisation{Mean: []float64{videoMean}, Std: []float64{videoStd}}
		return nil
	}
	levels := preprocess.NewLevels(channels(opt.Normalise, s.StepShape(), true))
	for _, k := range s.clips[Train] {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		frames, _, err := s.frames(k)
		if skipped(err) {
			continue
		}
		if err != nil {
			return err
		}
		levels.Add(frames)
	}
	s.normalisation = levels.Normalisation()
	return nil
}

func skipped(err error) bool {
	var skip *SkipError
	return errors.As(err, &skip)
}

func (s *videoSet) channels() int {
	if s.opt.Grey {
		return 1
	}
	return rgb
}

func (s *videoSet) StepShape() []int { return []int{s.height, s.width, s.channels()} }
func (s *videoSet) Steps() int       { return s.steps }

func (s *videoSet) Normalisation() preprocess.Normalisation {
	return cloneNormalisation(s.normalisation)
}

// Sampling returns how the frames of a clip are taken.
func (s *videoSet) Sampling() *preprocess.Sampling {
	sampling := s.opt.sampling()
	return &sampling
}

// Fingerprint is made of the names, sizes and times of the files.
func (s *videoSet) Fingerprint() string {
	h := s.fingerprint()
	fmt.Fprint(h, s.how)
	return fmt.Sprintf("%016x", h.Sum64())
}

// errClosed is why nothing is decoded after Close.
var errClosed = errors.New("the set is closed")

// Close stops the decoding.
func (s *videoSet) Close() error {
	s.cancel(errClosed)
	s.work.Wait()
	return nil
}

// Read decodes the clip if the cache doesn't have it. The error of a damaged clip
// is a SkipError, as long as there are few of them.
func (s *videoSet) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= s.Clips(p) {
		return 0, 0, noClip(s, p, i)
	}
	size := s.height * s.width * s.channels()
	if len(x) != s.steps*size {
		return 0, 0, noRoom(s, x)
	}
	k := s.clips[p][i]
	frames, _, err := s.frames(k)
	if err != nil {
		return 0, 0, err
	}
	frames = frames[:min(len(frames), len(x))]
	if s.opt.Steps == AllSteps { // lengths tell
		clear(x[len(frames):])
		steps, x = len(frames)/size, x[:len(frames)]
	} else {
		steps = s.steps
	}
	padInFront(x, frames, s.normalisation)
	return s.listing.Clips[k].Class, steps, nil
}

// padInFront writes the values of frames to the end of x, and zeros before them, as
// the papers do.
func padInFront(x []float32, frames []byte, n preprocess.Normalisation) {
	front := len(x) - len(frames)
	clear(x[:front])
	for at, v := range frames {
		x[front+at] = float32(v)
	}
	n.Apply(x[front:])
}
