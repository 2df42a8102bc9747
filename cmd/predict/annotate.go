package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

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
func (p *predictor) annotate(ctx context.Context, path string) error {
	if err := p.draw(ctx, path); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return badf("-annotate %s: %v", p.flags.annotate, err)
	}
	fmt.Fprintf(p.out.stderr, "wrote %s\n", names.Shown(p.flags.annotate))
	return nil
}

const (
	leastHeight = 240  // of the smallest frames that letters can be read on
	mostWidth   = 4096 // of frames that are made larger for that
)

// draw writes the video, in the clip's own size, or larger where that has no room for
// letters. It appears whole: what was in its place stays until it is.
func (p *predictor) draw(ctx context.Context, path string) error {
	out, answers, sound, decode := p.flags.annotate, p.answers, path, ffmpeg.Decode
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
			for len(answers) > 0 && (answers[0].Frame == nil || *answers[0].Frame <= frame) {
				classes, answers = answers[0].Classes, answers[1:]
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

var (
	ground = color.RGBA{0, 0, 0, 0xb0}
	bar    = color.RGBA{0x2a, 0x78, 0xb8, 0xff}
)

// label draws answers: a line per class, its probability as a bar behind it.
type label struct {
	face font.Face
	line int // height of one
	pad  int
}

// newLabel makes letters for frames of a height.
func newLabel(height int) (*label, error) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, errors.Wrap(err, "predict: font")
	}
	size := max(12, float64(height)/18)
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, errors.Wrap(err, "predict: font")
	}
	return &label{face: face, line: face.Metrics().Height.Ceil() + int(size/3), pad: int(size / 2)}, nil
}

// draw puts the answer into the upper left corner. Names too long for the frame are
// cut.
func (l *label) draw(on *image.RGBA, classes []zoo.Guess) {
	room := on.Bounds().Dx() - 2*l.pad
	number := font.MeasureString(l.face, "100.0 %").Ceil()
	name := 0
	for _, g := range classes {
		name = max(name, font.MeasureString(l.face, g.Class).Ceil())
	}
	width := min(room, name+l.pad+number+2*l.pad)
	box := image.Rect(l.pad, l.pad, l.pad+width, l.pad+l.line*len(classes))
	draw.Draw(on, box, image.NewUniform(ground), image.Point{}, draw.Over)
	for k, g := range classes {
		row := image.Rect(box.Min.X, box.Min.Y+k*l.line, box.Max.X, box.Min.Y+(k+1)*l.line)
		filled := row.Inset(1)
		filled.Max.X = filled.Min.X + int(g.Probability*float64(filled.Dx()))
		draw.Draw(on, filled, image.NewUniform(bar), image.Point{}, draw.Over)
		inner := on.SubImage(image.Rect(row.Min.X, row.Min.Y, row.Max.X-number-2*l.pad, row.Max.Y)).(*image.RGBA)
		l.text(inner, row.Min.X+l.pad, row, g.Class)
		percent := fmt.Sprintf("%.1f %%", 100*g.Probability)
		l.text(on, row.Max.X-l.pad-font.MeasureString(l.face, percent).Ceil(), row, percent)
	}
}

// text writes a line into a row, from x on.
func (l *label) text(on draw.Image, x int, row image.Rectangle, s string) {
	m := l.face.Metrics()
	baseline := row.Min.Y + (row.Dy()+m.Ascent.Ceil()-m.Descent.Ceil())/2
	d := font.Drawer{Dst: on, Src: image.NewUniform(color.White), Face: l.face, Dot: fixed.P(x, baseline)}
	d.DrawString(s)
}
