package datasets

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/clipcache"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

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
				if s.keeps() { // else it would be for nothing
					s.frames(k) // an error is found again by whoever reads the clip
				}
			}
		})
	}
	return nil
}

// rules number the ways in which frames were decoded, see docs/video.md. Under another
// number the cache has other frames: the first took cover pictures for films, showed what
// is transparent, and did not turn pictures.
const rules = 2

// key names a clip in the cache: the video as it was when the set was opened, and how
// its frames are taken, for which the draw counts too.
func (s *videoSet) key(k int) (string, error) {
	c := s.listing.Clips[k]
	stamp, path := s.stamps[k], s.path(c)
	if stamp == "" { // it was not there
		var err error
		if stamp, err = clipcache.Stamp(path); err != nil {
			return "", err
		}
	}
	return clipcache.Key(path, stamp, fmt.Sprintf("%s %x rules %d", s.how, seedOf(c.Path), rules))
}

// frames returns the frames of a clip, from the cache or decoded.
func (s *videoSet) frames(k int) (frames []byte, count int, err error) {
	clip := s.listing.Clips[k]
	path := s.path(clip)
	s.once[k].Lock()
	defer s.once[k].Unlock()
	if err := s.damage.known(k); err != nil {
		return nil, 0, err
	}
	key, err := s.key(k)
	if err != nil {
		return nil, 0, s.damaged(k, err)
	}
	if frames, count := s.cache.Get(key, s.mostFrames()); count > 0 && len(frames) == count*s.frameSize() {
		return frames, count, nil
	}
	d := decoder{opt: s.opt, width: s.width, height: s.height, channels: s.channels(), seed: seedOf(clip.Path)}
	t, err := d.decode(s.ctx, path)
	if s.ctx.Err() != nil {
		if err := s.damage.known(k); err != nil {
			return nil, 0, err
		}
		return nil, 0, errors.WithMessagef(context.Cause(s.ctx), "datasets: %s", s.name)
	}
	var killed *ffmpeg.KilledError
	if errors.As(err, &killed) || errors.Is(err, ffmpeg.ErrMissing) || errors.Is(err, ffmpeg.ErrOld) {
		return nil, 0, errors.WithMessagef(err, "datasets: %s: %s", s.name, path)
	}
	if err != nil {
		return nil, 0, s.damaged(k, err)
	}
	s.progress(k, t.seen)
	if err := s.cache.Put(key, t.frames, len(t.at)); err != nil {
		s.unkept(err)
	}
	return t.frames, len(t.at), nil
}

// count returns the number of frames of a clip: what the cache says of it, or else
// what is decoded.
func (s *videoSet) count(k int) (int, error) {
	if key, err := s.key(k); err == nil {
		if count, size := s.cache.Count(key); count > 0 && size == int64(count)*int64(s.frameSize()) {
			return count, nil
		}
	}
	_, count, err := s.frames(k)
	return count, err
}

// mostFrames is how many bytes the frames of a clip have at most.
func (s *videoSet) mostFrames() int64 {
	if s.opt.Steps == AllSteps {
		return mostKeptAtAll
	}
	return int64(s.opt.Steps) * int64(s.frameSize())
}

func (s *videoSet) frameSize() int { return s.height * s.width * s.channels() }

// unkept reports, once, that a clip has no place in the cache, as on a full disk.
// It was decoded all the same.
func (s *videoSet) unkept(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.uncached && s.opt.OnUncached != nil {
		s.opt.OnUncached(errors.WithMessagef(err, "datasets: %s", s.name))
	}
	s.uncached = true
}

// keeps reports whether the cache has taken all clips so far.
func (s *videoSet) keeps() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.uncached
}

// seedOf makes the draw of a clip's frames the same wherever its file is.
func seedOf(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(names.Key(filepath.Base(path))))
	return h.Sum64()
}

// damaged notes that a clip cannot be decoded, and returns what Read returns for it.
func (s *videoSet) damaged(k int, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.damage.found(k, s.path(s.listing.Clips[k]), err)
	if !skipped(err) {
		s.cancel(err) // more of them would say no more
	}
	s.decoding.Bad++
	s.note(k, 0)
	return err
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
