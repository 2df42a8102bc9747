package main

import (
	"context"
	"image"
	_ "image/jpeg" // frames of a folder
	_ "image/png"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"

	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/layout"
)

// film is a clip in its own size, or larger where that has no room for letters.
type film struct {
	path  string
	info  ffmpeg.Info
	sound string   // the file with the sound, "" for none
	names []string // of a folder of frames
	limit time.Duration
}

const (
	leastHeight = 240  // of the smallest frames that letters can be read on
	mostWidth   = 4096 // of frames that are made larger for that
)

func openFilm(ctx context.Context, path string, limit time.Duration) (*film, error) {
	f := &film{path: path, limit: limit}
	var err error
	if isFolder(path) {
		if f.names, err = layout.Frames(path); err != nil {
			return nil, err
		}
		file, err := os.Open(filepath.Join(path, f.names[0]))
		if err != nil {
			return nil, err
		}
		defer file.Close()
		config, _, err := image.DecodeConfig(file)
		if err != nil {
			return nil, err
		}
		f.info = ffmpeg.Info{Width: config.Width, Height: config.Height, Rate: "25/1"}
	} else if f.info, err = ffmpeg.Probe(ctx, path, limit); err != nil {
		return nil, err
	} else {
		f.sound = path
	}
	grow := max(1, min((leastHeight+f.info.Height-1)/f.info.Height, mostWidth/f.info.Width))
	f.info.Width, f.info.Height = grow*f.info.Width, grow*f.info.Height
	return f, nil
}

// each calls yield with every frame, (height, width, 3).
func (f *film) each(ctx context.Context, yield func(pix []byte) error) error {
	if f.names == nil {
		return ffmpeg.Decode(ctx, f.path, ffmpeg.Options{Width: f.info.Width, Height: f.info.Height, Channels: 3, Limit: f.limit}, yield)
	}
	canvas := image.NewRGBA(image.Rect(0, 0, f.info.Width, f.info.Height))
	rgb := make([]byte, f.info.Width*f.info.Height*3)
	for _, name := range f.names {
		file, err := os.Open(filepath.Join(f.path, name))
		if err != nil {
			return err
		}
		from, _, err := image.Decode(file)
		file.Close()
		if err != nil {
			return errors.WithMessage(err, name)
		}
		draw.BiLinear.Scale(canvas, canvas.Rect, from, from.Bounds(), draw.Src, nil)
		toRGB(rgb, canvas)
		if err := yield(rgb); err != nil {
			return err
		}
	}
	return nil
}

func fromRGB(to *image.RGBA, from []byte) {
	for k := range len(from) / 3 {
		copy(to.Pix[4*k:], from[3*k:3*k+3])
		to.Pix[4*k+3] = 0xff
	}
}

func toRGB(to []byte, from *image.RGBA) {
	for k := range len(to) / 3 {
		copy(to[3*k:3*k+3], from.Pix[4*k:])
	}
}
