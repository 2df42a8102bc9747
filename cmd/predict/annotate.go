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

	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/names"
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

// draw writes the video. It appears whole: what was in its place stays until it is.
func (p *predictor) draw(ctx context.Context, path string, answers []running) error {
	film, err := openFilm(ctx, path, p.flags.limit)
	if err != nil {
		return err
	}
	label, err := newLabel(film.info.Height)
	if err != nil {
		return err
	}
	out := p.flags.annotate
	aside, err := os.MkdirTemp(filepath.Dir(out), ".predict-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	half := filepath.Join(aside, "out"+filepath.Ext(out))
	if strings.EqualFold(filepath.Ext(out), ".gif") {
		film.sound = ""
	}
	err = ffmpeg.Encode(ctx, half, film.info, film.sound, func(write func([]byte) error) error {
		canvas := image.NewRGBA(image.Rect(0, 0, film.info.Width, film.info.Height))
		rgb := make([]byte, film.info.Width*film.info.Height*3)
		frame := 0
		var classes []guess
		return film.each(ctx, func(pix []byte) error {
			for len(answers) > 0 && answers[0].frame <= frame {
				classes, answers = answers[0].classes, answers[1:]
			}
			frame++
			fromRGB(canvas, pix)
			label.draw(canvas, classes)
			toRGB(rgb, canvas)
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
