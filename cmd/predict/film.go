package main

import (
	"context"
	"image"
	"time"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/stills"
)

// film is a clip in its own size, or larger where that has no room for letters.
type film struct {
	path   string
	info   ffmpeg.Info
	sound  string // the file with the sound, "" for none
	decode func(context.Context, string, ffmpeg.Options, func(frame []byte) error) error
	limit  time.Duration
}

const (
	leastHeight = 240  // of the smallest frames that letters can be read on
	mostWidth   = 4096 // of frames that are made larger for that
)

func openFilm(ctx context.Context, path string, limit time.Duration) (*film, error) {
	f := &film{path: path, limit: limit}
	var err error
	if cmdline.IsFolder(path) {
		f.decode = stills.Decode
		f.info, err = stills.Probe(ctx, path)
	} else {
		f.decode, f.sound = ffmpeg.Decode, path
		f.info, err = ffmpeg.Probe(ctx, path, limit)
	}
	if err != nil {
		return nil, err
	}
	grow := max(1, min((leastHeight+f.info.Height-1)/f.info.Height, mostWidth/f.info.Width))
	f.info.Width, f.info.Height = grow*f.info.Width, grow*f.info.Height
	return f, nil
}

// each calls yield with every frame, (height, width, 3).
func (f *film) each(ctx context.Context, yield func(pix []byte) error) error {
	return f.decode(ctx, f.path, ffmpeg.Options{Width: f.info.Width, Height: f.info.Height, Channels: 3, Limit: f.limit}, yield)
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
