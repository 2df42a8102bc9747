// Package ffmpeg decodes videos with the program of that name, which it runs with
// a pipe and without a shell: a file's name may hold anything.
//
//	file ── ffmpeg ── rgb24, scaled ── Decode ── a frame (height, width, channels) at a time
package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// Options say what frames are wanted.
type Options struct {
	Width, Height int
	Channels      int           // 3 for red, green and blue, 1 for grey
	Limit         time.Duration // for decoding a whole file; 0 for none
}

// Size is the number of bytes of a frame.
func (o Options) Size() int { return o.Width * o.Height * o.Channels }

// ErrMissing is the error when there is no ffmpeg to run.
var ErrMissing = errors.New("there is no program ffmpeg on the PATH; install it (Debian: apt-get install ffmpeg)")

// ErrOld is the error when the ffmpeg on the PATH lacks an option.
var ErrOld = errors.New("the program ffmpeg on the PATH is too old; version 5.1 or later is needed")

// KilledError is the error when somebody else ended ffmpeg: it says nothing about
// the file.
type KilledError struct{ error }

// Find returns the path of the program, or ErrMissing.
func Find() (string, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return "", ErrMissing
	}
	return path, nil
}

// Decode calls yield with each frame of a file, in order; the slice is valid until
// yield returns. Frames are scaled bilinearly, whatever their shape was. Each frame
// of the file comes once, also where they are not evenly spaced in time; their number
// is what is decoded: what a file says of itself is not believed.
//
// It returns an error with ffmpeg's own words when the file holds no frame, breaks
// off within one, or takes longer than the limit, ErrMissing where there is no ffmpeg,
// ctx's error when that is done, and yield's. A file that is cut short gives the
// frames before the cut, and no error: ffmpeg finds that fine too.
func Decode(ctx context.Context, path string, opt Options, yield func(frame []byte) error) error {
	program, err := Find()
	if err != nil {
		return err
	}
	// The prefix keeps a name such as -i or http:x.avi from being anything but a file.
	path, err = filepath.Abs(path)
	if err != nil {
		return err
	}
	format := map[int]string{1: "gray", 3: "rgb24"}[opt.Channels]
	if format == "" || opt.Width < 1 || opt.Height < 1 {
		return errors.Errorf("frames of %dx%d with %d channels; want positive sizes, and 1 or 3 channels", opt.Width, opt.Height, opt.Channels)
	}
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	clock := stopwatch{left: opt.Limit, end: cancel}
	clock.start()
	defer clock.stop()
	cmd := exec.CommandContext(limited, program, "-nostdin", "-v", "error", "-threads", "1", "-i", "file:"+path,
		"-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", format, "-s", fmt.Sprintf("%dx%d", opt.Width, opt.Height), "-sws_flags", "bilinear", "pipe:1")
	detach(cmd)
	said := &words{about: "file:" + path}
	cmd.Stderr = said
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Wrap(err, "ffmpeg")
	}
	frames, readErr := read(out, opt.Size(), func(frame []byte) error {
		clock.stop() // what is done with a frame takes what it takes
		defer clock.start()
		return yield(frame)
	})
	if readErr != nil {
		cmd.Process.Kill() // it would wait for a reader
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return errors.Errorf("ffmpeg took longer than %v", opt.Limit)
	case errors.Is(readErr, io.ErrUnexpectedEOF):
		return errors.Errorf("ffmpeg broke off within frame %d%s", frames+1, said)
	case readErr != nil:
		return readErr
	case waitErr != nil && slices.Contains([]string{"signal: killed", "signal: terminated", "signal: interrupt"}, waitErr.Error()):
		return &KilledError{errors.Errorf("ffmpeg: %v", waitErr)}
	case waitErr != nil && strings.Contains(said.String(), "Unrecognized option 'fps_mode'"):
		return ErrOld
	case waitErr != nil:
		return errors.Errorf("ffmpeg: %v%s", waitErr, said)
	case frames == 0:
		return errors.Errorf("ffmpeg found no frame%s", said)
	}
	return nil
}

// stopwatch ends something after a time, of which pauses do not count. A limit of 0 is
// none.
type stopwatch struct {
	left  time.Duration
	end   func()
	timer *time.Timer
	began time.Time
}

func (s *stopwatch) start() {
	if s.left > 0 {
		s.began, s.timer = time.Now(), time.AfterFunc(s.left, s.end)
	}
}

func (s *stopwatch) stop() {
	if s.timer != nil {
		s.timer.Stop()
		s.left = max(1, s.left-time.Since(s.began))
		s.timer = nil
	}
}

// read hands on whole frames.
func read(r io.Reader, size int, yield func([]byte) error) (frames int, err error) {
	frame := make([]byte, size)
	for {
		if _, err := io.ReadFull(r, frame); err == io.EOF {
			return frames, nil
		} else if err != nil {
			return frames, err
		}
		if err := yield(frame); err != nil {
			return frames, err
		}
		frames++
	}
}

// address is what ffmpeg puts before words of a part of it, another one each time.
var address = regexp.MustCompile(`^\[[^]]* @ 0x[0-9a-f]+\] `)

// words keeps the beginning of what a program says about a file.
type words struct {
	kept  bytes.Buffer
	about string
}

func (w *words) Write(p []byte) (int, error) {
	const most = 4096
	w.kept.Write(p[:min(len(p), max(0, most-w.kept.Len()))])
	return len(p), nil
}

// String is the first line, for the end of a message.
func (w *words) String() string {
	// The name is in the caller's message, and may have several lines.
	line, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(w.kept.String()), w.about+": "), "\n")
	if line = address.ReplaceAllString(line, ""); line == "" {
		return ""
	}
	return ": " + line
}
