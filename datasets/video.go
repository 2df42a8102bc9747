package datasets

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/clipcache"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Video says how video files become clips of a set.
type Video struct {
	// Steps is the number of frames that are taken of a clip; 0 means 6. A clip with
	// fewer has steps of zeros in front. AllSteps takes every frame.
	Steps int

	// Sample says which: "random" (also ""), drawn once for each clip and sorted by
	// time, as in the papers, or "even", at equal distances.
	Sample string

	// Grey takes the brightness alone, one channel instead of three.
	Grey bool

	// Cache is the folder for decoded clips, "" the user's own; CacheLimit is its
	// size in bytes, 0 for any.
	Cache      string
	CacheLimit int64

	// MaxBad is the part of the clips that may be damaged, and are left out, before
	// reading fails; 0 means 0.01, and a negative number none.
	MaxBad float64

	// Limit is the longest time for a file; 0 means two minutes.
	Limit time.Duration

	// OnDecoded is called after each clip that was decoded, OnBad for each that could
	// not be; both by one goroutine at a time, which must not use the set. They may be
	// nil.
	OnDecoded func(Decoding)
	OnBad     func(path string, err error)
}

// AllSteps is Video.Steps for every frame.
const AllSteps = -1

// Decoding is how far the decoding of a set is.
type Decoding struct {
	Done, Clips int // clips, those of the cache aside
	Frames      int // decoded so far
	Bad         int
}

// SkipError is the error of Read for a clip that is damaged. Batches leaves the
// clip out and goes on.
type SkipError struct {
	Path string
	error
}

// Unwrap returns what is wrong.
func (e *SkipError) Unwrap() error { return e.error }

// layouts are the sets in folders that Open knows by a name before a colon.
var layouts = map[string]func(root string) (*layout.Listing, error){
	"ucf11": layout.UCF11, "hmdb51": layout.HMDB51, "youtube": layout.YouTube, "folder": layout.Folder,
}

// videoSet is a set of video files. Its clips are decoded in the background into
// a cache on disk, from which Read takes them; a clip that is asked for before is
// decoded at once. Nothing but one batch is in memory.
type videoSet struct {
	name          string
	listing       *layout.Listing
	clips         [2][]int // index in listing.Clips of the clips of each part
	opt           Video
	height, width int
	steps         int
	how           string // of decoding, for the cache
	normalisation preprocess.Normalisation
	cache         *clipcache.Cache

	cancel context.CancelFunc
	ctx    context.Context
	work   sync.WaitGroup
	once   []sync.Mutex // of each clip: it is decoded by one goroutine

	mu       sync.Mutex
	bad      map[int]error
	decoded  map[int]bool // in this process
	failed   error        // of whatever is read from now on
	decoding Decoding
}

var _ Grouped = (*videoSet)(nil)

const (
	// papersWidth and papersHeight are the papers' frames.
	papersWidth, papersHeight = 160, 120
	papersSteps               = 6

	// Values of a video are brought near 0 and 1 by what is known of bytes alone, so
	// that training can start before all of them are decoded.
	videoMean, videoStd = 128, 64
)

// openVideo opens the set of a layout in a folder.
func openVideo(name, kind, root string, opt Options) (_ Set, err error) {
	wrap := func(err error) error { return errors.WithMessagef(err, "datasets: %s", name) }
	if root == "" {
		return nil, wrap(errors.Errorf("no folder; write %s:FOLDER", kind))
	}
	v, err := opt.Video.complete()
	if err != nil {
		return nil, wrap(err)
	}
	listing, err := layouts[kind](root)
	if err != nil {
		return nil, wrap(err)
	}
	if opt.Classes != nil && !slices.Equal(opt.Classes, listing.Classes) {
		return nil, wrap(errors.Errorf("the classes are %s, not %s", list(listing.Classes), list(opt.Classes)))
	}
	s := &videoSet{
		name: name, listing: listing, opt: v, height: opt.Height, width: opt.Width, steps: v.Steps,
		once: make([]sync.Mutex, len(listing.Clips)), bad: map[int]error{}, decoded: map[int]bool{},
	}
	if opt.Split == "" {
		opt.Split = listing.Splits()[0]
	}
	s.name += " (" + opt.Split + ")"
	train, test, err := listing.Cut(opt.Split)
	if err != nil {
		return nil, wrap(err)
	}
	s.clips[Train], s.clips[Test] = train, test
	if s.height == 0 {
		s.height, s.width = papersHeight, papersWidth
	}
	s.how = fmt.Sprintf("%dx%dx%d %d %s", s.width, s.height, s.channels(), v.Steps, v.Sample)
	if v.Cache == "" {
		if v.Cache, err = clipcache.Dir(); err != nil {
			return nil, wrap(err)
		}
	}
	if s.cache, err = clipcache.Open(v.Cache, v.CacheLimit); err != nil {
		return nil, wrap(err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err := s.start(); err != nil {
		return nil, wrap(err)
	}
	if err := s.prepare(opt); err != nil {
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
	samples := []string{"random", "even"}
	switch {
	case v.Steps < 1 && v.Steps != AllSteps:
		return v, errors.Errorf("%d steps; want at least 1, or AllSteps", v.Steps)
	case !slices.Contains(samples, v.Sample):
		return v, errors.Errorf("frames are not taken %q%s", v.Sample, didyoumean.Hint(v.Sample, samples))
	case math.IsNaN(v.MaxBad) || v.MaxBad > 1:
		return v, errors.Errorf("MaxBad is %v, want a part of the clips, at most 1", v.MaxBad)
	case v.CacheLimit < 0 || v.Limit < 0:
		return v, errors.Errorf("CacheLimit %d and Limit %v must not be negative", v.CacheLimit, v.Limit)
	}
	return v, nil
}

// prepare finds out what is not known before the clips are decoded: the longest of
// them and the normalisation, as far as they are asked for.
func (s *videoSet) prepare(opt Options) error {
	if s.steps == AllSteps {
		s.steps = 0
		for k := range s.listing.Clips {
			_, count, err := s.frames(k)
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

func (s *videoSet) Name() string      { return s.name }
func (s *videoSet) Classes() []string { return slices.Clone(s.listing.Classes) }
func (s *videoSet) StepShape() []int  { return []int{s.height, s.width, s.channels()} }
func (s *videoSet) Steps() int        { return s.steps }

func (s *videoSet) Normalisation() preprocess.Normalisation {
	return cloneNormalisation(s.normalisation)
}

// Group returns the recording of a clip, or the clip itself where the layout does
// not tell.
func (s *videoSet) Group(p Part, i int) string {
	c := s.listing.Clips[s.clips[p][i]]
	if c.Group == "" {
		return c.Path
	}
	return c.Group
}

func (s *videoSet) Clips(p Part) int {
	if p != Train && p != Test {
		return 0
	}
	return len(s.clips[p])
}

// Fingerprint is made of the names, sizes and times of the files.
func (s *videoSet) Fingerprint() string {
	h := fnv.New64a()
	for _, c := range s.listing.Clips {
		if info, err := os.Stat(s.path(c)); err == nil {
			fmt.Fprintf(h, "%s %d %d\n", c.Path, info.Size(), info.ModTime().UnixNano())
		}
	}
	fmt.Fprint(h, s.how)
	return fmt.Sprintf("%016x", h.Sum64())
}

// Close stops the decoding.
func (s *videoSet) Close() error {
	s.cancel()
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
	frames, count, err := s.frames(k)
	if err != nil {
		return 0, 0, err
	}
	count = min(count, s.steps)
	front, steps := 0, count
	if s.opt.Steps != AllSteps { // padded in front, as the papers do; else lengths tell
		front, steps = s.steps-count, s.steps
	}
	clear(x[:front*size])
	clear(x[(front+count)*size:])
	values := x[front*size : (front+count)*size]
	for at, v := range frames[:len(values)] {
		values[at] = float32(v)
	}
	s.normalisation.Apply(values)
	return s.listing.Clips[k].Class, steps, nil
}

func (s *videoSet) path(c layout.Clip) string {
	return filepath.Join(s.listing.Root, filepath.FromSlash(c.Path))
}

// start decodes what the cache doesn't have, on all cores, training clips first.
func (s *videoSet) start() error {
	order := slices.Concat(s.clips[Train], s.clips[Test])
	var missing []int
	for _, k := range order {
		key, err := s.key(k)
		if err == nil && s.cache.Has(key) {
			continue
		}
		missing = append(missing, k)
		if info, err := os.Stat(s.path(s.listing.Clips[k])); err == nil && !info.IsDir() {
			if _, err := ffmpeg.Find(); err != nil {
				return err
			}
		}
	}
	s.decoding.Clips = len(missing)
	next := make(chan int)
	s.work.Go(func() {
		defer close(next)
		for _, k := range missing {
			select {
			case next <- k:
			case <-s.ctx.Done():
				return
			}
		}
	})
	for range min(runtime.GOMAXPROCS(0), len(missing)) {
		s.work.Go(func() {
			for k := range next {
				s.frames(k) // an error is found again by whoever reads the clip
			}
		})
	}
	return nil
}

// key names a clip in the cache: the video, and how its frames are taken, for which
// the draw counts too.
func (s *videoSet) key(k int) (string, error) {
	c := s.listing.Clips[k]
	return clipcache.Key(s.path(c), fmt.Sprintf("%s %x", s.how, seedOf(c.Path)))
}

// frames returns the frames of a clip, from the cache or decoded.
func (s *videoSet) frames(k int) (frames []byte, count int, err error) {
	clip := s.listing.Clips[k]
	path := s.path(clip)
	s.once[k].Lock()
	defer s.once[k].Unlock()
	if err := s.known(k); err != nil {
		return nil, 0, err
	}
	key, err := s.key(k)
	if err != nil {
		return nil, 0, s.damaged(k, err)
	}
	if frames, count := s.cache.Get(key); count > 0 && len(frames) == count*s.height*s.width*s.channels() {
		return frames, count, nil
	}
	d := decoder{opt: s.opt, width: s.width, height: s.height, channels: s.channels(), seed: seedOf(clip.Path)}
	frames, count, seen, err := d.decode(s.ctx, path)
	if s.ctx.Err() != nil {
		if err := s.known(k); err != nil {
			return nil, 0, err
		}
		return nil, 0, errors.Errorf("datasets: %s is closed", s.name)
	}
	var killed *ffmpeg.KilledError
	if errors.As(err, &killed) || errors.Is(err, ffmpeg.ErrMissing) {
		return nil, 0, errors.WithMessagef(err, "datasets: %s: %s", s.name, path)
	}
	if err != nil {
		return nil, 0, s.damaged(k, err)
	}
	s.progress(k, seen)
	return frames, count, errors.WithMessagef(s.cache.Put(key, frames, count), "datasets: %s", s.name)
}

// seedOf makes the draw of a clip's frames the same wherever its set is.
func seedOf(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(path))
	return h.Sum64()
}

// known returns the error of a clip that was found damaged before.
func (s *videoSet) known(k int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	return s.bad[k]
}

// damaged notes that a clip cannot be decoded. It returns what Read returns for it:
// that it is left out, or that there are too many.
func (s *videoSet) damaged(k int, err error) error {
	path := s.path(s.listing.Clips[k])
	skip := &SkipError{path, errors.Errorf("datasets: %s: %s is left out: %s", s.name, path, strings.TrimPrefix(err.Error(), "datasets: "))}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad[k] = skip
	if s.opt.OnBad != nil {
		s.opt.OnBad(path, err)
	}
	most := int(math.Max(0, s.opt.MaxBad) * float64(len(s.listing.Clips)))
	if len(s.bad) > most && s.failed == nil {
		s.failed = errors.Errorf("datasets: %s: %d of %d clips are damaged, and %d may be; the last one is %s: %v", s.name, len(s.bad), len(s.listing.Clips), most, path, err)
		s.cancel() // more of them would say no more
	}
	s.decoding.Bad++
	s.note(k, 0)
	if s.failed != nil {
		return s.failed
	}
	return skip
}

// progress counts a decoded clip of so many frames.
func (s *videoSet) progress(k, frames int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(k, frames)
}

// note counts a clip once, also where the cache has no room for all.
func (s *videoSet) note(k, frames int) {
	if s.decoded[k] {
		return
	}
	s.decoded[k] = true
	s.decoding.Done++
	s.decoding.Frames += frames
	if s.opt.OnDecoded != nil {
		s.opt.OnDecoded(s.decoding)
	}
}

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
	wanted := make([]int, d.opt.Steps)
	for k := range wanted {
		wanted[k] = int(math.Round(float64(k) * float64(seen-1) / math.Max(1, float64(d.opt.Steps-1))))
	}
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
