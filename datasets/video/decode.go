package video

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

// start decodes what the cache doesn't have, on all cores, training clips first.
func (s *set) start() error {
	missing := make(chan int, len(s.Used()))
	for _, k := range s.Used() {
		if s.cached(k) > 0 {
			continue
		}
		missing <- k
		if info, err := os.Stat(s.Paths[k]); err == nil && !info.IsDir() {
			if _, err := ffmpeg.Find(); err != nil {
				return err
			}
		}
	}
	close(missing)
	s.decoding.Clips = len(missing)
	for range min(runtime.GOMAXPROCS(0), len(missing)) {
		s.work.Go(func() {
			for k := range missing {
				if s.ctx.Err() != nil || s.uncached.Load() { // what cannot be kept would be decoded for nothing
					return
				}
				s.frames(k) // an error is found again by whoever reads the clip
			}
		})
	}
	return nil
}

// rules number the ways in which frames were decoded, see docs/video.md. Under another
// number the cache has other frames: the first took cover pictures for films, showed what
// is transparent, and did not turn pictures.
const rules = 2

// key names a clip in the cache: how its frames are taken counts, and so does the draw.
func (s *set) key(k int) (string, error) {
	return s.Key(k, fmt.Sprintf("%s %x rules %d", s.how, clipfiles.Seed(s.Paths[k]), rules))
}

// frames returns the frames of a clip, from the cache or decoded.
func (s *set) frames(k int) (frames []byte, count int, err error) {
	s.once[k].Lock()
	defer s.once[k].Unlock()
	if err := s.Known(k); err != nil {
		return nil, 0, err
	}
	key, err := s.key(k)
	if err != nil {
		return nil, 0, s.damaged(k, err)
	}
	most := int64(mostKeptAtAll)
	if s.opt.Steps != AllSteps {
		most = int64(s.opt.Steps) * int64(s.decoder.size())
	}
	if frames, count := s.cache.Get(key, most); count > 0 && len(frames) == count*s.decoder.size() {
		return frames, count, nil
	}
	d := s.decoder
	d.Seed = clipfiles.Seed(s.Paths[k])
	draws, err := d.decode(s.ctx, s.Paths[k])
	if s.ctx.Err() != nil {
		if err := s.Known(k); err != nil {
			return nil, 0, err
		}
		return nil, 0, errors.WithMessagef(context.Cause(s.ctx), "datasets: %s", s.Table.Name)
	}
	var killed *ffmpeg.KilledError
	if errors.As(err, &killed) || errors.Is(err, ffmpeg.ErrMissing) || errors.Is(err, ffmpeg.ErrOld) {
		return nil, 0, errors.WithMessagef(err, "datasets: %s: %s", s.Table.Name, s.Paths[k])
	}
	if err != nil {
		return nil, 0, s.damaged(k, err)
	}
	t := draws[0]
	s.mu.Lock()
	s.note(k, t.seen)
	s.mu.Unlock()
	if err := s.cache.Put(key, t.frames, len(t.at)); err != nil && !s.uncached.Swap(true) && s.opt.OnUncached != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.opt.OnUncached(errors.WithMessagef(err, "datasets: %s", s.Table.Name)) // as on a full disk
	}
	return t.frames, len(t.at), nil
}

// cached returns the number of frames that the cache says a clip has, 0 if it is not there.
func (s *set) cached(k int) int {
	key, err := s.key(k)
	if err != nil {
		return 0
	}
	count, size := s.cache.Count(key)
	if size != int64(count)*int64(s.decoder.size()) {
		return 0
	}
	return count
}

// damaged notes that a clip cannot be decoded, and returns what Read returns for it.
func (s *set) damaged(k int, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.Damaged(k, err)
	if !clipfiles.Skipped(err) {
		s.cancel(err) // more of them would say no more
	}
	s.decoding.Bad++
	s.note(k, 0)
	return err
}

// note counts a clip of so many frames once, also where the cache has no room for all.
func (s *set) note(k, frames int) {
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
