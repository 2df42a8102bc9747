package datasets

import (
	"context"
	"image"
	_ "image/jpeg" // frames of a folder
	_ "image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
	"golang.org/x/image/draw"

	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/layout"
)

// each calls yield with every frame of a video file or of a folder of pictures.
func (d decoder) each(ctx context.Context, path string, yield func(frame []byte) error) error {
	if d.stream != nil {
		return eachRaw(d.stream, []int{d.height, d.width, d.channels}, yield)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return ffmpeg.Decode(ctx, path, ffmpeg.Options{Width: d.width, Height: d.height, Channels: d.channels, Limit: d.opt.Limit}, yield)
	}
	names, err := layout.Frames(path)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("a folder without frames")
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		frame, err := d.picture(filepath.Join(path, name))
		if err != nil {
			return errors.WithMessage(err, name)
		}
		if err := yield(frame); err != nil {
			return err
		}
	}
	return nil
}

// eachRaw calls yield with every frame of a stream of bytes.
func eachRaw(from io.Reader, shape []int, yield func(frame []byte) error) error {
	raw := make([]byte, product(shape))
	for k := 0; ; k++ {
		switch n, err := io.ReadFull(from, raw); {
		case err == io.EOF:
			return nil
		case err == io.ErrUnexpectedEOF:
			return errors.Errorf("the input ends within frame %d: %d of the %d bytes of %s are there", k, n, len(raw), times(shape))
		case err != nil:
			return errors.Wrapf(err, "frame %d", k)
		}
		if err := yield(raw); err != nil {
			return err
		}
	}
}

// picture reads a picture, scaled bilinearly.
func (d decoder) picture(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	from, _, err := image.Decode(file)
	if err != nil {
		return nil, err
	}
	to := image.NewRGBA(image.Rect(0, 0, d.width, d.height))
	draw.BiLinear.Scale(to, to.Rect, from, from.Bounds(), draw.Src, nil)
	frame := make([]byte, 0, d.size())
	for at := 0; at < len(to.Pix); at += 4 {
		r, g, b := to.Pix[at], to.Pix[at+1], to.Pix[at+2]
		if d.channels == 1 {
			// Weights of ITU-R BT.601, as ffmpeg's grey.
			frame = append(frame, byte((299*int(r)+587*int(g)+114*int(b)+500)/1000))
			continue
		}
		frame = append(frame, r, g, b)
	}
	return frame, nil
}
