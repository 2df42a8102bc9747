package main

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

// annotate writes the clip as a video with the answer drawn on each frame: that for
// the whole clip or, with -follow, the one after the last frame that was read.
func (p *predictor) annotate(ctx context.Context, path string, stderr io.Writer) error {
	out := p.flags.annotate
	if sameFile(path, out) {
		return badf("-annotate %s would overwrite the clip; give another file", out)
	}
	answers := []running{}
	if p.flags.follow {
		var err error
		if answers, err = p.follow(ctx, path); err != nil {
			return err
		}
	} else {
		c, err := p.reader.Read(ctx, path)
		if err != nil {
			return firstOf(ctx.Err(), badf("%s", plain(err)))
		}
		a, err := p.clip(path, c)
		if err != nil {
			return err
		}
		if err := p.out.print(a); err != nil {
			return err
		}
		answers = append(answers, running{-1, a.Classes})
	}
	film, err := openFilm(ctx, path)
	if err != nil {
		return firstOf(ctx.Err(), badf("%s: %v", path, err))
	}
	label, err := newLabel(film.info.Height)
	if err != nil {
		return err
	}
	// Whole or not there: what was in its place stays until it is.
	half := filepath.Join(filepath.Dir(out), ".half-"+filepath.Base(out))
	defer os.Remove(half)
	err = ffmpeg.Encode(ctx, half, film.info, film.sound, func(write func([]byte) error) error {
		canvas := image.NewRGBA(image.Rect(0, 0, film.info.Width, film.info.Height))
		rgb := make([]byte, film.info.Width*film.info.Height*3)
		frame, at := 0, -1
		return film.each(ctx, func(pix []byte) error {
			for at+1 < len(answers) && answers[at+1].frame <= frame {
				at++
			}
			if at < 0 {
				frame++
				return write(pix)
			}
			fromRGB(canvas, pix)
			label.draw(canvas, answers[at].classes)
			toRGB(rgb, canvas)
			frame++
			return write(rgb)
		})
	})
	if err != nil {
		return firstOf(ctx.Err(), badf("-annotate %s: %v", out, err))
	}
	if err := os.Rename(half, out); err != nil {
		return errors.Wrap(err, "predict: -annotate")
	}
	fmt.Fprintf(stderr, "wrote %s\n", out)
	return nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
