// Package ffmpeg decodes videos with the program of that name, which it runs with
// a pipe and without a shell: a file's name may hold anything.
//
//	file ── ffmpeg ── rgb24, scaled ── Decode ── a frame (height, width, channels) at a time
package ffmpeg

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/regular"
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
func Find() (string, error) {
	path, err := exec.LookPath("ffmpeg")
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
	frames, frame := 0, make([]byte, opt.Size())
	_, readErr := io.ReadFull(out, frame)
	for ; readErr == nil; _, readErr = io.ReadFull(out, frame) {
		clock.Stop() // what is done with a frame takes what it takes
		left = max(1, left-time.Since(began))
		if readErr = errors.WithStack(yield(frame)); readErr != nil { // never io.EOF itself, which ends the file
			break
		}
		frames++
		began = time.Now()
		clock.Reset(left)
	}
	if readErr != io.EOF {
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
	case readErr != io.EOF:
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

const (
	// containers are the formats that a file may have, whatever its name ends like, as
	// ffmpeg calls them: those of the endings of videos, and bare streams. Each is
	// complete in itself. Of others, such as playlists, ffmpeg would open the files and
	// addresses that they name.
	containers = "mov,matroska,avi,mpeg,mpegvideo,mpegts,m4v,h264,hevc,asf,flv,ogg,gif"

	// protocols are the ways in which a program may open what it reads.
	protocols = "file,pipe"

	// film is the first stream of frames in a file. Other than 0:v:0 it is never the
	// cover picture that songs have, and videos of some cameras.
	film = "V:0"
)

// input is something that a program reads.
type input struct {
	options []string // that say how
	formats string   // that it may have
	url     string
}

// fileInput is a video file. It returns an error when there is no such file, or when
// it is a pipe or a device.
func fileInput(path string, options ...string) (input, error) {
	if _, err := regular.Check(path); errors.Is(err, regular.ErrNot) {
		return input{}, errors.Errorf("%v, want a video", err)
	} // what else is wrong with it, the program says
	path, err := filepath.Abs(path)
	// The prefix keeps a name such as -i or http:x.avi from being anything but a file.
	return input{options, containers, "file:" + path}, err
}

// command prepares a run of ffmpeg or ffprobe, which ctx ends. Programs are started by
// nothing else, so that none reads anything without the two lists above. Args follow
// the inputs. What the program says is in the words.
func command(ctx context.Context, program string, inputs []input, args ...string) (*exec.Cmd, *words, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, nil, ErrMissing
	}
	all := []string{"-v", "error"}
	for _, in := range inputs {
		all = append(all, in.options...)
		all = append(all, "-protocol_whitelist", protocols, "-format_whitelist", in.formats, "-i", in.url)
	}
	cmd := exec.CommandContext(ctx, path, append(all, args...)...)
	detach(cmd)
	said := &words{about: inputs[0].url}
	cmd.Stderr = said
	return cmd, said, nil
}

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

var (
	// address is what ffmpeg puts before words of a part of it, another one each time.
	address = regexp.MustCompile(`^\[[^]]* @ 0x[0-9a-f]+\] `)
	refused = regexp.MustCompile(`^\[([^]]*) @ 0x[0-9a-f]+\] Format not on whitelist`)
)

// String is the first line, for the end of a message.
func (w *words) String() string {
	// The name is in the caller's message, and may have several lines.
	line, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(w.kept.String()), w.about+": "), "\n")
	if format := refused.FindStringSubmatch(line); format != nil {
		return ": its content has the format " + format[1] + "; want one of " + strings.ReplaceAll(containers, ",", ", ")
	}
	if strings.Contains(line, "matches no streams") {
		return ": it has no video, which a cover picture is not"
	}
	if line = address.ReplaceAllString(line, ""); line == "" {
		return ""
	}
	return ": " + line
}
