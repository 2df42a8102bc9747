package main

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/stills"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// endings are those of the videos that -annotate writes. Others that ffmpeg knows
// take several files, or hold no film.
var endings = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"}

func isVideo(path string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(path)))
}

// annotate writes the clip as a video with the answer drawn on each frame: that for
// the whole clip or, with -follow, the one after the last frame that was read.
func (p *predictor) annotate(ctx context.Context, path string, stderr io.Writer) error {
	out := p.flags.annotate
	switch {
	case p.reader.Features():
		return badf("-annotate draws on frames, and %s holds features", names.Shown(path))
	case sameFile(path, out):
		return badf("-annotate %s would overwrite the clip; give another file", out)
	case sameFile(path, filepath.Dir(out)):
		return badf("-annotate %s is among the frames of the clip; give a file in another folder", out)
	}
	var answers []running
	var err error
	if p.flags.follow {
		answers, err = p.follow(ctx, path)
	} else {
		var a answer
		c, failed := p.reader.Read(ctx, path)
		a, err = p.answer(ctx, path, c, failed)
		answers = []running{{-1, a.Classes}}
	}
	if err != nil {
		return err
	}
	if err := p.draw(ctx, path, answers); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return badf("-annotate %s: %v", out, err)
	}
	fmt.Fprintf(stderr, "wrote %s\n", names.Shown(out))
	return nil
}

const (
	leastHeight = 240  // of the smallest frames that letters can be read on
	mostWidth   = 4096 // of frames that are made larger for that
)

// draw writes the video, in the clip's own size, or larger where that has no room for
// letters. It appears whole: what was in its place stays until it is.
func (p *predictor) draw(ctx context.Context, path string, answers []running) error {
	out, sound, decode := p.flags.annotate, path, ffmpeg.Decode
	var info ffmpeg.Info
	var err error
	if cmdline.IsFolder(path) {
		sound, decode = "", stills.Decode
		info, err = stills.Probe(ctx, path)
	} else {
		info, err = ffmpeg.Probe(ctx, path, p.flags.limit)
	}
	if err != nil {
		return err
	}
	if strings.EqualFold(filepath.Ext(out), ".gif") {
		sound = ""
	}
	grow := max(1, min((leastHeight+info.Height-1)/info.Height, mostWidth/info.Width))
	info.Width, info.Height = grow*info.Width, grow*info.Height
	label, err := newLabel(info.Height)
	if err != nil {
		return err
	}
	aside, err := os.MkdirTemp(filepath.Dir(out), ".predict-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	half := filepath.Join(aside, "out"+filepath.Ext(out))
	err = ffmpeg.Encode(ctx, half, info, sound, func(write func([]byte) error) error {
		canvas := image.NewRGBA(image.Rect(0, 0, info.Width, info.Height))
		frame := 0
		var classes []zoo.Guess
		options := ffmpeg.Options{Width: info.Width, Height: info.Height, Channels: 3, Limit: p.flags.limit}
		return decode(ctx, path, options, func(rgb []byte) error { // (height, width, 3)
			for len(answers) > 0 && answers[0].frame <= frame {
				classes, answers = answers[0].classes, answers[1:]
			}
			frame++
			for k := range len(rgb) / 3 {
				copy(canvas.Pix[4*k:], rgb[3*k:3*k+3])
				canvas.Pix[4*k+3] = 0xff
			}
			label.draw(canvas, classes)
			for k := range len(rgb) / 3 {
				copy(rgb[3*k:3*k+3], canvas.Pix[4*k:])
			}
			return write(rgb)
		})
	})
	if err != nil {
		return err
	}
	return errors.WithStack(durable.Rename(half, out))
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
