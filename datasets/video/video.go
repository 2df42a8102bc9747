// Package video opens sets of video files, and of folders of numbered pictures:
//
//	folder:DIR    a folder of clips for each class
//	ucf11:DIR     UCF11 (Liu, Luo and Shah, 2009) as it is unpacked
//	hmdb51:DIR    HMDB51 (Kuehne et al., 2011) with its three splits
//	youtube:DIR   YouTube Celebrities Face Tracking (Kim et al., 2008)
//
// Clips are decoded by ffmpeg in the background, into a cache on disk, while training has
// begun. A file that cannot be read is a datasets.SkipError. docs/video.md describes the
// folders and their splits. A Reader reads clips that belong to no set.
package video

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/clipcache"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Options say how video files become clips.
type Options struct {
	datasets.Options

	// Height and Width are those of the frames the model wants, to which all are
	// scaled, ignoring their aspect ratio. Both zero means 120 and 160, as in the papers.
	Height, Width int

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

	// TestOnly leaves the training part empty, so that none of its files are decoded. It
	// needs Normalisation if that would be measured.
	TestOnly bool

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

// AllSteps as Options.Steps takes every frame.
const AllSteps = preprocess.AllSteps

// Decoding is how far the decoding of a set has got.
type Decoding struct {
	Done, Clips int // clips, excluding those in the cache
	Frames      int // decoded so far
	Bad         int
}

// layouts are the kinds of sets.
var layouts = map[string]func(root string) (*layout.Listing, error){
	"ucf11": layout.UCF11, "hmdb51": layout.HMDB51, "youtube": layout.YouTube, "folder": layout.Folder,
}

func init() {
	for kind := range layouts {
		datasets.Register(datasets.Kind{Pattern: kind + ":DIR", Open: func(ctx context.Context, name string, opt datasets.Options) (datasets.Set, error) {
			return Open(ctx, name, Options{Options: opt})
		}})
	}
}

const (
	// papersWidth, papersHeight and papersSteps are the papers' clips.
	papersWidth, papersHeight, papersSteps = 160, 120, 6

	// Values of a video are brought near 0 and 1 by what is known of bytes alone, so
	// that training can start before all of them are decoded.
	videoMean, videoStd = 128, 64
)

// set is a set of video files. Its clips are decoded in the background into a cache on
// disk, from which read takes them; a clip that is asked for before is decoded at once.
// Nothing but two batches is in memory.
type set struct {
	datasets.Set
	*clipfiles.Files
	opt     Options
	how     string // of decoding, for the cache
	decoder decoder
	cache   *clipcache.Cache

	cancel context.CancelCauseFunc
	ctx    context.Context // of all decoding
	work   sync.WaitGroup
	once   []sync.Mutex // of each clip: it is decoded by one goroutine

	uncached atomic.Bool // a clip could not be kept

	mu       sync.Mutex
	decoded  map[int]bool // in this process
	decoding Decoding
}

// Open opens the set called name, such as "ucf11:DIR". It returns an error when there is
// no such set or split, when only one of Height and Width is given, when the options do
// not fit, when there is no ffmpeg, and ctx's error when ctx is done while clips are
// decoded, as for AllSteps or a mean of all training clips. When ctx is done later, the
// set stops decoding at once: Read returns what the cache has, and ctx's error for other
// clips.
func Open(ctx context.Context, name string, opt Options) (_ datasets.Set, err error) {
	wrap := func(err error) error { return errors.WithMessagef(err, "datasets: %s", name) }
	opt.Steps = cmp.Or(opt.Steps, papersSteps)
	kind, _, _ := strings.Cut(name, ":")
	var clips *clipfiles.Files
	switch err = preprocess.CheckFrame(opt.Height, opt.Width); {
	case err != nil:
	case opt.CacheLimit < 0 || opt.Limit < 0:
		err = errors.Errorf("CacheLimit %d and Limit %v must not be negative", opt.CacheLimit, opt.Limit)
	case layouts[kind] == nil:
		err = errors.New("this is no set of videos; want folder:DIR, ucf11:DIR, hmdb51:DIR or youtube:DIR")
	default:
		clips, err = clipfiles.Open(name, layouts[kind], clipfiles.Options{
			Options: opt.Options, TestOnly: opt.TestOnly, MaxBad: opt.MaxBad, OnBad: opt.OnBad, Sampling: preprocess.Sampling{Steps: opt.Steps, Sample: opt.Sample},
		})
	}
	if err != nil {
		return nil, wrap(err)
	}
	t := &clips.Table
	t.Steps, t.StepShape = opt.Steps, []int{cmp.Or(opt.Height, papersHeight), cmp.Or(opt.Width, papersWidth), 3}
	if opt.Grey {
		t.StepShape[2] = 1
	}
	if err := preprocess.CheckClip(t.Steps, t.StepShape); err != nil {
		return nil, wrap(err)
	}
	if err := opt.Check(t.Name, t.StepShape); err != nil {
		return nil, err
	}
	s := &set{
		Files: clips, opt: opt, once: make([]sync.Mutex, len(clips.Paths)), decoded: map[int]bool{},
		decoder: decoder{Reader: Reader{StepShape: t.StepShape, Sampling: *t.Sampling, Limit: opt.Limit}},
	}
	if s.how = fmt.Sprintf("%dx%dx%d %d %s", t.StepShape[1], t.StepShape[0], t.StepShape[2], opt.Steps, t.Sampling.Sample); opt.Steps == AllSteps {
		s.how = fmt.Sprintf("%dx%dx%d all", t.StepShape[1], t.StepShape[0], t.StepShape[2])
	}
	if s.cache, err = clipcache.Open(opt.Cache, opt.CacheLimit); err != nil {
		return nil, wrap(err)
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err = s.start(); err == nil {
		err = s.prepare()
	}
	if stopped := ctx.Err(); stopped != nil {
		err = stopped
	}
	if err != nil {
		return nil, wrap(err)
	}
	t.Fingerprint, t.Read, t.Close = clips.Print(s.how), s.read, s.close
	s.Set = datasets.New(*t)
	return s, nil
}

// prepare finds out what is not known before the clips are decoded: the longest of
// them and the normalisation, as far as they are asked for.
func (s *set) prepare() error {
	t := &s.Table
	if t.Steps == AllSteps {
		t.Steps = 0
		err := clipfiles.Each(s.ctx, s.Used(), func(k int) error {
			count, err := s.cached(k), error(nil)
			if count == 0 {
				_, count, err = s.frames(k)
			}
			t.Steps = max(t.Steps, count)
			return err
		})
		if err != nil {
			return err
		}
		if t.Steps == 0 {
			return errors.New("no clip could be decoded")
		}
	}
	given := s.opt.Normalisation
	if given == nil && (s.opt.Normalise == "" || s.opt.Normalise == measure.Auto) {
		given = &preprocess.Normalisation{Mean: []float64{videoMean}, Std: []float64{videoStd}}
	}
	m, err := measure.Start(given, s.opt.Normalise, t.StepShape, true)
	if err == nil && m.On() {
		err = clipfiles.Each(s.ctx, t.Parts[datasets.Train], func(k int) error {
			frames, _, err := s.frames(k)
			m.Bytes(frames)
			return err
		})
	}
	if err == nil {
		s.Table.Normalisation = m.Normalisation()
	}
	return err
}

// errClosed is why nothing is decoded after Close.
var errClosed = errors.New("the set is closed")

// close stops the decoding.
func (s *set) close() error {
	s.cancel(errClosed)
	s.work.Wait()
	return nil
}

// read decodes the clip if the cache doesn't have it. The error of a damaged clip
// is a SkipError, as long as there are few of them.
func (s *set) read(k int, x []float32) (label, steps int, err error) {
	frames, _, err := s.frames(k)
	if err != nil {
		return 0, 0, err
	}
	frames, steps = frames[:min(len(frames), len(x))], s.Table.Steps
	if s.opt.Steps == AllSteps { // lengths tell
		clear(x[len(frames):])
		steps, x = len(frames)/s.decoder.size(), x[:len(frames)]
	}
	d := s.decoder
	d.Normalisation = s.Table.Normalisation
	return s.Table.Label(k), steps, d.values(x, frames)
}
