package ffmpeg

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// Info is what Probe returns.
type Info struct {
	Width, Height int    // of the frames as they are to be shown
	Rate          string // frames a second, as ffmpeg writes it: 30000/1001
	Aspect        string // width to height of a pixel, 1:1 of most
}

var (
	rate = regexp.MustCompile(`^[1-9][0-9]*/[1-9][0-9]*`)
	// header begins a stream of yuv4mpegpipe. What is not known is 0:0 there.
	header = regexp.MustCompile(`^YUV4MPEG2 W([0-9]+) H([0-9]+) F(?:0:0|([0-9]+):([0-9]+)) I. A(?:0:0|([0-9]+:[0-9]+)) `)
)

// Probe returns the size of a file's frames and their rate, within a time limit: the mean
// rate if ffprobe is there, otherwise the one that ffmpeg assumes; 25/1 if the file has
// none. It returns an error in ffmpeg's own words when the file holds no frame.
func Probe(ctx context.Context, path string, limit time.Duration) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	in, err := fileInput(path)
	if err != nil {
		return Info{}, err
	}
	// The first frame itself: what a file says of its size may be meant for before
	// it is turned.
	cmd, said, err := command(ctx, "ffmpeg", []input{in}, "-nostdin", "-map", "0:"+film, "-frames:v", "1", "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "pipe:1")
	if err != nil {
		return Info{}, err
	}
	frame, err := cmd.Output()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Info{}, errors.Errorf("ffmpeg took longer than %v", limit)
	}
	if ctx.Err() != nil {
		return Info{}, ctx.Err()
	}
	found := header.FindSubmatch(frame)
	if err != nil || found == nil {
		return Info{}, errors.Errorf("ffmpeg found no frame%s", said)
	}
	info := Info{Rate: "25/1", Aspect: "1:1"}
	info.Width, _ = strconv.Atoi(string(found[1])) // which are ffmpeg's own numbers
	info.Height, _ = strconv.Atoi(string(found[2]))
	if found[3] != nil {
		info.Rate = string(found[3]) + "/" + string(found[4])
	}
	if found[5] != nil {
		info.Aspect = string(found[5])
	}
	cmd, _, err = command(ctx, "ffprobe", []input{in}, "-select_streams", film, "-show_entries", "stream=avg_frame_rate", "-of", "default=noprint_wrappers=1:nokey=1")
	if err != nil { // it is not there
		return info, ctx.Err()
	}
	if text, err := cmd.Output(); err == nil {
		if r := rate.Find(text); r != nil {
			info.Rate = string(r)
		}
	}
	return info, ctx.Err()
}

// Encode writes a video of frames (height, width, 3), which frames passes to its argument
// one after the other, with the sound of the file sound, if that is a video and has any;
// "" means none. The extension of path says what kind of video it is; an existing file is
// overwritten. It returns an error in ffmpeg's own words, that of frames, or ctx's.
// info.Aspect may be "" for 1:1.
func Encode(ctx context.Context, path string, info Info, sound string, frames func(write func(frame []byte) error) error) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	inputs := []input{{[]string{"-f", "rawvideo", "-pix_fmt", "rgb24", "-s", fmt.Sprintf("%dx%d", info.Width, info.Height), "-r", info.Rate}, "rawvideo", "pipe:0"}}
	args := []string{"-nostdin", "-y"}
	if sound != "" {
		in, err := fileInput(sound)
		if err != nil {
			return err
		}
		inputs, args = append(inputs, in), append(args, "-map", "0:v", "-map", "1:a?")
	}
	// Most players want even sizes and this kind of colours.
	args = append(args, "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,setsar="+strings.Replace(cmp.Or(info.Aspect, "1:1"), ":", "/", 1)+",format=yuv420p", "file:"+path)
	cmd, said, err := command(ctx, "ffmpeg", inputs, args...)
	if err != nil {
		return err
	}
	said.about = "file:" + path
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Wrap(err, "ffmpeg")
	}
	written := 0
	framesErr := frames(func(frame []byte) error {
		if len(frame) != info.Width*info.Height*3 {
			return errors.Errorf("a frame of %d bytes; want %dx%dx3", len(frame), info.Width, info.Height)
		}
		written++
		if _, err := in.Write(frame); err != nil {
			return errors.Errorf("ffmpeg takes no more after frame %d%s", written, said)
		}
		return nil
	})
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
