package actions

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// none changes nothing, to see what a scaler does.
var none preprocess.Normalisation

func randomFrame(height, width int, seed uint64) []byte {
	rnd := rand.New(rand.NewPCG(seed, 0))
	frame := make([]byte, height*width*rgb)
	for k := range frame {
		frame[k] = byte(rnd.UintN(256))
	}
	return frame
}

// bilinear is the textbook interpolation between the four nearest pixels, with
// pixel centres at half coordinates and the border repeated outwards.
func bilinear(frame []byte, fromH, fromW, toH, toW, row, col, channel int) float64 {
	y := (float64(row)+0.5)*float64(fromH)/float64(toH) - 0.5
	x := (float64(col)+0.5)*float64(fromW)/float64(toW) - 0.5
	y0, x0 := int(math.Floor(y)), int(math.Floor(x))
	at := func(r, c int) float64 {
		r, c = min(max(r, 0), fromH-1), min(max(c, 0), fromW-1)
		return float64(frame[(r*fromW+c)*rgb+channel])
	}
	fy, fx := y-float64(y0), x-float64(x0)
	return (1-fy)*((1-fx)*at(y0, x0)+fx*at(y0, x0+1)) + fy*((1-fx)*at(y0+1, x0)+fx*at(y0+1, x0+1))
}

func TestScaleUpIsBilinear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fromH, fromW := rapid.IntRange(1, 20).Draw(t, "fromH"), rapid.IntRange(1, 20).Draw(t, "fromW")
		toH, toW := rapid.IntRange(fromH, 60).Draw(t, "toH"), rapid.IntRange(fromW, 60).Draw(t, "toW")
		frame := randomFrame(fromH, fromW, rapid.Uint64().Draw(t, "seed"))
		x := make([]float32, toH*toW*rgb)
		newScaler(fromH, fromW, toH, toW).clip(x, frame, none)
		for k, got := range x {
			want := bilinear(frame, fromH, fromW, toH, toW, k/rgb/toW, k/rgb%toW, k%rgb)
			if math.Abs(want-float64(got)) > 1 {
				t.Fatalf("row %d, column %d, channel %d: level %v, want %.2f", k/rgb/toW, k/rgb%toW, k%rgb, got, want)
			}
		}
	})
}

// A single colour stays that colour, at any size. This also catches an alpha
// that is not opaque.
func TestScaleKeepsColour(t *testing.T) {
	for _, size := range [][2]int{{120, 160}, {32, 32}, {1, 1}, {7, 200}, {200, 7}} {
		s := newScaler(48, 64, size[0], size[1])
		for _, colour := range [][]byte{{0, 0, 0}, {255, 255, 255}, {255, 0, 17}, {1, 2, 254}} {
			frame := make([]byte, 0, 48*64*rgb)
			for range 48 * 64 {
				frame = append(frame, colour...)
			}
			x := make([]float32, size[0]*size[1]*rgb)
			s.clip(x, frame, none)
			for k, got := range x {
				if want := float64(colour[k%rgb]); math.Abs(want-float64(got)) > 1 {
					t.Fatalf("%v: value %d is %v, want %v", size, k, got, want)
				}
			}
		}
	}
}

// Shrinking averages over all pixels. Interpolating between the four nearest
// would turn this checkerboard into black or white, or leave stripes.
func TestScaleDownAverages(t *testing.T) {
	frame := make([]byte, 48*64*rgb)
	for k := range frame {
		if (k/rgb/64+k/rgb%64)%2 == 0 {
			frame[k] = 255
		}
	}
	x := make([]float32, 12*16*rgb)
	newScaler(48, 64, 12, 16).clip(x, frame, none)
	for k, got := range x {
		assert.InDelta(t, 127.5, got, 3, "value %d", k)
	}
}
