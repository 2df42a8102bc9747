// Package stills reads clips that are folders of numbered PNG or JPEG files, as
// internal/ffmpeg reads videos: turned as they are to be shown, on black where they are
// transparent, and scaled.
package stills

import (
	"bytes"
	"cmp"
	"context"
	"image"
	_ "image/jpeg" // frames of a folder
	_ "image/png"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/bep/imagemeta"
	"github.com/pkg/errors"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/internal/regular"
)

// A file of few bytes may claim any size. Cameras make smaller pictures. What is kept
// while one is scaled grows with its height, whatever its width.
const (
	mostPixels = 1 << 26
	mostSide   = 1 << 15
)

// Decode calls yield with each frame in a folder, in the order of their numbers; the
// slice is valid until yield returns. It returns an error that names the file when one is
// not a regular file, is damaged or too large, when there is no frame, or when decoding
// takes longer than the limit, ctx's error when ctx is done, and yield's.
func Decode(ctx context.Context, dir string, opt ffmpeg.Options, yield func(frame []byte) error) error {
	names, err := frames(dir)
	if err != nil {
		return err
	}
	frame, left := make([]byte, 0, opt.Size()), cmp.Or(opt.Limit, math.MaxInt64)
	for _, name := range names {
		limited, cancel := context.WithTimeout(ctx, left)
		began := time.Now()
		canvas, err := scaled(limited, filepath.Join(dir, name), opt.Width, opt.Height)
		left -= time.Since(began) // what is done with a frame takes what it takes
		late := limited.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case late:
			return errors.Errorf("%s: decoding took longer than %v", name, opt.Limit)
		case err != nil:
			return errors.WithMessage(err, name)
		}
		frame = appendPixels(frame[:0], canvas, opt.Channels)
		if err := yield(frame); err != nil {
			return err
		}
	}
	return nil
}

// Probe returns the size of the first frame in a folder, and the rate 25/1. Its errors
// are those of Decode.
func Probe(ctx context.Context, dir string) (ffmpeg.Info, error) {
	names, err := frames(dir)
	if err != nil {
		return ffmpeg.Info{}, err
	}
	p, err := open(ctx, filepath.Join(dir, names[0]))
	if err != nil {
		return ffmpeg.Info{}, errors.WithMessage(err, names[0])
	}
	defer p.file.Close()
	info := ffmpeg.Info{Width: p.width, Height: p.height, Rate: "25/1"}
	if p.turn.swaps() {
		info.Width, info.Height = info.Height, info.Width
	}
	return info, nil
}

func frames(dir string) ([]string, error) {
	names, err := layout.Frames(dir)
	if err == nil && len(names) == 0 {
		err = errors.New("a folder without frames")
	}
	return names, err
}

// picture is an open file of which the header was read.
type picture struct {
	file          io.ReadSeekCloser
	width, height int // as stored
	turn          orientation
}

// open opens a picture and checks what it claims. The caller closes its file.
func open(ctx context.Context, path string) (_ *picture, err error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	p := &picture{file: interruptible{ctx, file}, turn: upright}
	// What comes first is read twice: EXIF is within the first two segments of a JPEG.
	head, err := io.ReadAll(io.LimitReader(p.file, 1<<17))
	if err != nil {
		return nil, err
	}
	config, format, err := image.DecodeConfig(io.MultiReader(bytes.NewReader(head), p.file))
	if err != nil {
		return nil, err
	}
	p.width, p.height = config.Width, config.Height
	if p.width < 1 || p.height < 1 || max(p.width, p.height) > mostSide || p.width > mostPixels/p.height {
		return nil, errors.Errorf("it claims %d x %d pixels; make it smaller: want at most %d, and %d a side", p.width, p.height, mostPixels, mostSide)
	}
	if format == "jpeg" {
		p.turn = exifOrientation(head)
	}
	_, err = p.file.Seek(0, io.SeekStart)
	return p, err
}

// scaled reads a picture, bilinearly scaled to what is shown.
func scaled(ctx context.Context, path string, width, height int) (*image.RGBA, error) {
	p, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer p.file.Close()
	from, _, err := image.Decode(p.file)
	if err != nil {
		return nil, err
	}
	if p.turn.swaps() { // it is turned when it is small
		width, height = height, width
	}
	// The values of transparent pixels are multiplied by what can be seen of them.
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.BiLinear.Scale(to, to.Rect, from, from.Bounds(), draw.Src, nil)
	return p.turn.apply(to), nil
}

// appendPixels appends the values of a frame (height, width, channels).
func appendPixels(frame []byte, from *image.RGBA, channels int) []byte {
	for at := 0; at < len(from.Pix); at += 4 {
		r, g, b := from.Pix[at], from.Pix[at+1], from.Pix[at+2]
		if channels == 1 {
			// Weights of ITU-R BT.601, as ffmpeg's grey.
			frame = append(frame, byte((299*int(r)+587*int(g)+114*int(b)+500)/1000))
			continue
		}
		frame = append(frame, r, g, b)
	}
	return frame
}

// interruptible is a file whose reading ends when ctx is done. Decoders read a few
// kilobytes at a time.
type interruptible struct {
	ctx context.Context
	io.ReadSeekCloser
}

func (f interruptible) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.ReadSeekCloser.Read(p)
}

// orientation is the matrix, row by row, by which a stored picture becomes what is shown.
type orientation [4]float64

// orientations are the values from 1 on of the tag of EXIF (CIPA DC-008, 4.6.4 A) that says
// which edges of the stored picture are the upper and the left one of what is shown.
var orientations = [...]orientation{
	{1, 0, 0, 1}, {-1, 0, 0, 1}, {-1, 0, 0, -1}, {1, 0, 0, -1},
	{0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, -1, 0}, {0, 1, -1, 0},
}

var upright = orientations[0]

// swaps reports whether rows become columns.
func (o orientation) swaps() bool { return o[0] == 0 }

// apply returns a picture as it is to be shown.
func (o orientation) apply(from *image.RGBA) *image.RGBA {
	if o == upright {
		return from
	}
	w, h := from.Rect.Dx(), from.Rect.Dy()
	if o.swaps() {
		w, h = h, w
	}
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	// What is mirrored begins at the other edge.
	x, y := float64(w)*max(0, -o[0]-o[1]), float64(h)*max(0, -o[2]-o[3])
	draw.NearestNeighbor.Transform(to, f64.Aff3{o[0], o[1], x, o[2], o[3], y}, from, from.Rect, draw.Src, nil)
	return to
}

// exifOrientation returns what the EXIF block of a JPEG file says, and upright where
// there is none or it is damaged.
func exifOrientation(head []byte) orientation {
	_, tiff, _ := bytes.Cut(head, []byte("Exif\x00\x00"))
	found := upright
	imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(tiff), ImageFormat: imagemeta.TIFF, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Namespace == "IFD0" && t.Tag == "Orientation" },
		HandleTag: func(t imagemeta.TagInfo) error {
			if value, ok := t.Value.(uint16); ok && 1 <= value && int(value) <= len(orientations) {
				found = orientations[value-1]
			}
			return imagemeta.ErrStopWalking
		},
	})
	return found
}
