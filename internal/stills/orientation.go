package stills

import (
	"bytes"
	"image"
	"io"

	"github.com/bep/imagemeta"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

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

// readOrientation returns what the EXIF block of a JPEG file says, and upright where
// there is none or it is damaged.
func readOrientation(file io.Reader) orientation {
	head, _ := io.ReadAll(io.LimitReader(file, 1<<17)) // two segments, of which EXIF is the first or the second
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
