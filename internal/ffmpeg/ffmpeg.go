// Package ffmpeg decodes videos with the program of that name, which it runs with
// a pipe and without a shell: a file's name may hold anything.
//
//	file ── ffmpeg ── rgb24, scaled ── Decode ── a frame (height, width, channels) at a time
package ffmpeg

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// Options says what frames are wanted.
type Options struct {
	Width, Height int
	Channels      int           // 3 for red, green and blue, 1 for grey
	Limit         time.Duration // for decoding a whole file; 0 for none
}

// Size returns the number of bytes of a frame.
func (o Options) Size() int { return o.Width * o.Height * o.Channels }

// ErrMissing is the error when there is no ffmpeg to run.
var ErrMissing = errors.New("there is no program ffmpeg on the PATH; install it (Debian: apt-get install ffmpeg)")

// ErrOld is the error when the ffmpeg on the PATH lacks an option.
var ErrOld = errors.New("the program ffmpeg on the PATH is too old; version 5.1 or later is needed")

// KilledError is the error when something else ended ffmpeg: it says nothing about the
// file.
type KilledError struct{ error }

// Find returns the path of the program, or ErrMissing.
func Find() (string, error) { return find("ffmpeg") }

func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", ErrMissing
	}
	return path, nil
}

// unblended are the formats of transparent pixels that ffmpeg's -alphablend, which
// puts them on black, does not know or makes darker than that. It turns them into others
// before, and leaves those of opaque pixels as they are.
const unblended = "ya8|ya16be|ya16le|ayuv64be|ayuv64le|gbrapf32be|gbrapf32le|" +
	"yuva420p|yuva420p9be|yuva420p9le|yuva420p10be|yuva420p10le|yuva420p16be|yuva420p16le|" +
	"yuva422p|yuva422p9be|yuva422p9le|yuva422p10be|yuva422p10le|yuva422p12be|yuva422p12le|yuva422p16be|yuva422p16le|" +
	"yuva444p|yuva444p9be|yuva444p9le|yuva444p10be|yuva444p10le|yuva444p12be|yuva444p12le|yuva444p16be|yuva444p16le"

// Decode calls yield with each frame of a file, in order; the slice is valid until yield
// returns. Frames are turned as the file says, put on black where they are transparent,
// and scaled bilinearly, whatever their shape was. Each frame of the file comes once,
// even if they are unevenly spaced in time; their number is what is decoded, not what the
// file claims.
//
// It returns an error in ffmpeg's own words when the file holds no frame, is not in a
// container of videos, breaks off within one, or takes longer than the limit, ErrMissing
// when there is no ffmpeg, ctx's error when ctx is done, and yield's. A file that is cut
// short gives the frames before the cut and no error: ffmpeg accepts it too.
func Decode(ctx context.Context, path string, opt Options, yield func(frame []byte) error) error {
	format := map[int]string{1: "gray", 3: "rgb24"}[opt.Channels]
	if format == "" || opt.Width < 1 || opt.Height < 1 {
		return errors.Errorf("frames of %dx%d with %d channels; want positive sizes, and 1 or 3 channels", opt.Width, opt.Height, opt.Channels)
	}
	in, err := fileInput(path, "-threads", "1")
	if err != nil {
		return err
	}
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	began, left := time.Now(), cmp.Or(opt.Limit, math.MaxInt64)
	clock := time.AfterFunc(left, cancel)
	defer clock.Stop()
	cmd, said, err := command(limited, "ffmpeg", []input{in}, "-nostdin", "-map", "0:"+film, "-vf", "noformat="+unblended, "-fps_mode", "passthrough",
		"-f", "rawvideo", "-pix_fmt", format, "-s", fmt.Sprintf("%dx%d", opt.Width, opt.Height), "-sws_flags", "bilinear", "-alphablend", "uniform_color", "pipe:1")
	if err != nil {
		return err
	}
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Wrap(err, "ffmpeg")
	}
	frames, readErr := read(out, opt.Size(), func(frame []byte) error {
		clock.Stop() // what is done with a frame takes what it takes
		left = max(1, left-time.Since(began))
		defer func() {
			began = time.Now()
			clock.Reset(left)
		}()
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
