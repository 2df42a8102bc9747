package datasets

import (
	"image"
	"sync"

	"golang.org/x/image/draw"
)

// scaler resizes frames of one size to another with bilinear interpolation:
// pixel centres are at half coordinates, and a shrinking side widens the tent
// so that no stored pixel is skipped. The result is within one of 256 levels,
// as it would be in a video scaled beforehand.
//
// The weights are computed once. A scaler is safe for concurrent use.
type scaler struct {
	bilinear draw.Scaler
	scratch  sync.Pool // of *canvases
}

// canvases are the images one frame passes through. The draw package is fast
// for RGBA only, so frames gain an alpha channel, opaque throughout.
type canvases struct{ from, to *image.RGBA }

func newScaler(fromHeight, fromWidth, toHeight, toWidth int) *scaler {
	s := &scaler{bilinear: draw.BiLinear.NewScaler(toWidth, toHeight, fromWidth, fromHeight)}
	s.scratch.New = func() any {
		c := &canvases{
			from: image.NewRGBA(image.Rect(0, 0, fromWidth, fromHeight)),
			to:   image.NewRGBA(image.Rect(0, 0, toWidth, toHeight)),
		}
		draw.Draw(c.from, c.from.Rect, image.Opaque, image.Point{}, draw.Src)
		return c
	}
	return s
}

// write scales one frame of interleaved RGB bytes and normalises it into x of
// shape (rows, columns, 3).
func (s *scaler) write(x []float32, frame []byte, norm *normaliser) {
	c := s.scratch.Get().(*canvases)
	defer s.scratch.Put(c)
	const rgba = 4
	for at := 0; len(frame) >= rgb; at += rgba {
		copy(c.from.Pix[at:], frame[:rgb])
		frame = frame[rgb:]
	}
	s.bilinear.Scale(c.to, c.to.Rect, c.from, c.from.Rect, draw.Src, nil)
	norm.write(x, c.to.Pix, rgba)
}
