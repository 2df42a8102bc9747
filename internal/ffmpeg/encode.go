package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/png" // what Probe has ffmpeg write
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// Info is what Probe finds out.
type Info struct {
	Width, Height int    // of the frames as they are to be shown
	Rate          string // frames a second, as ffmpeg writes it: 30000/1001
	Aspect        string // width to height of a pixel, 1:1 of most
}

var rate = regexp.MustCompile(`^[1-9][0-9]*/[1-9][0-9]*`)

// Probe tells the size of the frames of a file and their rate, 25/1 where the file
// has none, within a time. It returns an error with ffmpeg's own words when the file holds no frame.
func Probe(ctx context.Context, path string, limit time.Duration) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	program, err := Find()
	if err != nil {
		return Info{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return Info{}, err
	}
	// The first frame itself: what a file says of its size may be meant for before
	// it is turned.
	said := &words{about: "file:" + path}
	cmd := exec.CommandContext(ctx, program, "-nostdin", "-v", "error", "-i", "file:"+path, "-map", "0:v:0", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "pipe:1")
	detach(cmd)
	cmd.Stderr = said
	picture, err := cmd.Output()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Info{}, errors.Errorf("ffmpeg took longer than %v", limit)
	}
	if ctx.Err() != nil {
		return Info{}, ctx.Err()
	}
	config, _, decodeErr := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil || decodeErr != nil {
		return Info{}, errors.Errorf("ffmpeg found no frame%s", said)
	}
	info := Info{Width: config.Width, Height: config.Height, Rate: "25/1", Aspect: aspect(picture)}
	cmd = exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate", "-of", "default=noprint_wrappers=1:nokey=1", "file:"+path)
	detach(cmd)
	if text, err := cmd.Output(); err == nil {
		if r := rate.Find(text); r != nil {
			info.Rate = string(r)
		}
	}
	return info, ctx.Err()
}

// aspect reads what ffmpeg writes into a PNG of the shape of its pixels.
func aspect(picture []byte) string {
	const chunk = "pHYs"
	if at := bytes.Index(picture, []byte(chunk)); at >= 0 && len(picture) >= at+len(chunk)+9 {
		size := picture[at+len(chunk):]
		x, y := binary.BigEndian.Uint32(size), binary.BigEndian.Uint32(size[4:])
		if x > 0 && y > 0 && size[8] == 0 { // no unit: a ratio
			return fmt.Sprintf("%d:%d", x, y)
		}
	}
	return "1:1"
}

// Encode writes a video of frames (height, width, 3), which frames hands to its
// argument one after the other, with the sound of the file sound, if that is a video
// and has any; "" is none. The ending of path says what kind of video it is; a file
// of that name is overwritten. It returns an error with ffmpeg's own words, that of
// frames, and ctx's. info.Aspect may be "" for 1:1.
func Encode(ctx context.Context, path string, info Info, sound string, frames func(write func(frame []byte) error) error) error {
	program, err := Find()
	if err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	args := []string{"-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", fmt.Sprintf("%dx%d", info.Width, info.Height), "-r", info.Rate, "-i", "pipe:0"}
	if sound != "" {
		if sound, err = filepath.Abs(sound); err != nil {
			return err
		}
		args = append(args, "-i", "file:"+sound, "-map", "0:v", "-map", "1:a?")
	}
	if info.Aspect == "" {
		info.Aspect = "1:1"
	}
	// Most players want even sizes and this kind of colours.
	args = append(args, "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,setsar="+strings.Replace(info.Aspect, ":", "/", 1)+",format=yuv420p", "file:"+path)
	cmd := exec.CommandContext(ctx, program, args...)
	detach(cmd)
	said := &words{about: "file:" + path}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Wrap(err, "ffmpeg")
	}
	buffered := bufio.NewWriterSize(in, info.Width*info.Height*3)
	written := 0
	framesErr := frames(func(frame []byte) error {
		if len(frame) != info.Width*info.Height*3 {
			return errors.Errorf("a frame of %d bytes; want %dx%dx3", len(frame), info.Width, info.Height)
		}
		written++
		if _, err := buffered.Write(frame); err != nil {
			return errors.Errorf("ffmpeg takes no more after frame %d%s", written, said)
		}
		return nil
	})
	if framesErr == nil {
		framesErr = buffered.Flush()
	}
	in.Close()
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case waitErr != nil: // which is also why writing failed
		return errors.Errorf("ffmpeg: %v%s", waitErr, said)
	}
	return framesErr
}
