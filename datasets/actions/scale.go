package actions

import (
	"image"
	"sync"

	"golang.org/x/image/draw"

	"github.com/tensorzoo/tensorzoo/preprocess"
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

// canvases are the images that frames of a clip pass through. The draw package is fast
// for RGBA only, so frames gain an alpha channel, opaque throughout.
type canvases struct {
	from, to *image.RGBA
	frame    []byte // to, without alpha
}

func newScaler(fromHeight, fromWidth, toHeight, toWidth int) *scaler {
	s := &scaler{bilinear: draw.BiLinear.NewScaler(toWidth, toHeight, fromWidth, fromHeight)}
	s.scratch.New = func() any {
		c := &canvases{
			from:  image.NewRGBA(image.Rect(0, 0, fromWidth, fromHeight)),
			to:    image.NewRGBA(image.Rect(0, 0, toWidth, toHeight)),
			frame: make([]byte, toHeight*toWidth*rgb),
		}
		draw.Draw(c.from, c.from.Rect, image.Opaque, image.Point{}, draw.Src)
		return c
	}
	return s
}

// clip scales frames of interleaved RGB bytes and normalises them into x of shape
// (frames, rows, columns, 3).
func (s *scaler) clip(x []float32, frames []byte, n preprocess.Normalisation) {
	c := s.scratch.Get().(*canvases)
	defer s.scratch.Put(c)
	const rgba = 4
	for ; len(frames) > 0; x = x[len(c.frame):] {
		for at := 0; at < len(c.from.Pix); at += rgba {
			copy(c.from.Pix[at:], frames[:rgb])
			frames = frames[rgb:]
		}
		s.bilinear.Scale(c.to, c.to.Rect, c.from, c.from.Rect, draw.Src, nil)
		for at := range len(c.frame) / rgb {
			copy(c.frame[at*rgb:][:rgb], c.to.Pix[at*rgba:])
		}
		n.Bytes(x, c.frame)
	}
}
