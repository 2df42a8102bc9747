package actions

import (
	"image"

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
	draw.Scaler
	from, to image.Rectangle
}

func newScaler(fromHeight, fromWidth, toHeight, toWidth int) *scaler {
	bilinear := draw.BiLinear.NewScaler(toWidth, toHeight, fromWidth, fromHeight)
	return &scaler{bilinear, image.Rect(0, 0, fromWidth, fromHeight), image.Rect(0, 0, toWidth, toHeight)}
}

// clip scales frames of interleaved RGB bytes and normalises them into x of shape
// (frames, rows, columns, 3).
func (s *scaler) clip(x []float32, frames []byte, n preprocess.Normalisation) {
	// The draw package is fast for RGBA only, so frames gain an alpha channel, opaque.
	from, to := image.NewRGBA(s.from), image.NewRGBA(s.to)
	draw.Draw(from, s.from, image.Opaque, image.Point{}, draw.Src)
	scaled := make([]byte, s.to.Dx()*s.to.Dy()*rgb)
	const rgba = 4
	for ; len(frames) > 0; x = x[len(scaled):] {
		for at := 0; at < len(from.Pix); at += rgba {
			copy(from.Pix[at:], frames[:rgb])
			frames = frames[rgb:]
		}
		s.Scale(to, s.to, from, s.from, draw.Src, nil)
		for at, p := 0, to.Pix; len(p) >= rgba; at, p = at+rgb, p[rgba:] {
			scaled[at], scaled[at+1], scaled[at+2] = p[0], p[1], p[2]
		}
		n.Bytes(x, scaled)
	}
}
