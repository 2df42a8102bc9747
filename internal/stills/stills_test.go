package stills

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

var corners = []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}

// quarters is a picture with those colours: the upper left and right, the lower left and
// right.
func quarters(width, height int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p.SetRGBA(x, y, corners[2*(2*y/height)+2*x/width])
		}
	}
	return p
}

// folder makes a clip of one file.
func folder(t *testing.T, name string, data []byte) string {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	return dir
}

func decode(dir string, opt ffmpeg.Options) (all []byte, err error) {
	err = Decode(context.Background(), dir, opt, func(frame []byte) error { all = append(all, frame...); return nil })
	return all, err
}

// exif is a JPEG file with a block of EXIF.
func exif(t *testing.T, picture image.Image, tiff []byte) []byte {
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, picture, &jpeg.Options{Quality: 100}))
	block := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 'x', 'x', 0xff, 0xff, 0xe1}, uint16(2+len(block)))
	return slices.Concat(head, block, file.Bytes()[2:])
}

// tiff is a directory of the orientation, after another tag.
func tiff(order binary.AppendByteOrder, o, kind uint16) []byte {
	b := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint16(order.AppendUint32(b, 8), 2)
	for _, e := range [][3]uint16{{0x010f, 3, 7}, {0x0112, kind, o}} {
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, e[0]), e[1]), 1)
		b = order.AppendUint16(order.AppendUint16(b, e[2]), 0)
	}
	return order.AppendUint32(b, 0)
}

// Each orientation is what the table of the standard says: where the first row and the
// first column of the file are shown.
func TestOrientation(t *testing.T) {
	stored := quarters(64, 32)
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for k, sides := range []string{"top left", "top right", "bottom right", "bottom left", "left top", "right top", "right bottom", "left bottom"} {
			dir := folder(t, "1.jpg", exif(t, stored, tiff(order, uint16(k+1), 3)))
			info, err := Probe(context.Background(), dir)
			require.NoError(t, err)
			width, height := 64, 32
			if k >= 4 {
				width, height = 32, 64
			}
			require.Equal(t, ffmpeg.Info{Width: width, Height: height, Rate: "25/1"}, info, sides)
			opt := ffmpeg.Options{Width: 10, Height: 8, Channels: 3}
			pix, err := decode(dir, opt)
			require.NoError(t, err)
			require.Len(t, pix, opt.Size())
			row, column, _ := strings.Cut(sides, " ")
			other := map[string]string{"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
			for corner, colour := range corners {
				r, c := row, column
				if corner >= 2 {
					r = other[r]
				}
				if corner%2 == 1 {
					c = other[c]
				}
				x, y := 0, 0
				if r == "right" || c == "right" {
					x = opt.Width - 1
				}
				if r == "bottom" || c == "bottom" {
					y = opt.Height - 1
				}
				at := 3 * (y*opt.Width + x)
				for channel, want := range []byte{colour.R, colour.G, colour.B} {
					require.InDelta(t, want, pix[at+channel], 8, "%s, corner %d, %v", sides, corner, order)
				}
			}
		}
	}
}

// A block that cannot be understood turns nothing, and is not an error.
func TestDamagedOrientation(t *testing.T) {
	plain, opt := quarters(64, 32), ffmpeg.Options{Width: 10, Height: 8, Channels: 3}
	whole := tiff(binary.BigEndian, 6, 3)
	far := slices.Clone(whole)
	binary.BigEndian.PutUint32(far[4:], 1<<32-1)
	for name, block := range map[string][]byte{
		"nothing": nil, "short": whole[:7], "no directory": whole[:8], "cut": whole[:len(whole)-10], "far": far, "zeros": make([]byte, 40),
		"nine": tiff(binary.BigEndian, 9, 3), "zero": tiff(binary.LittleEndian, 0, 3), "text": tiff(binary.BigEndian, 6, 2),
	} {
		want, err := decode(folder(t, "1.jpg", exif(t, plain, tiff(binary.LittleEndian, 1, 3))), opt)
		require.NoError(t, err)
		got, err := decode(folder(t, "1.jpg", exif(t, plain, block)), opt)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	for _, start := range []string{"", "\xff", "\xff\xd8", "\xff\xd8\xff\xe1", "\xff\xd8\xff\xe1\x00\x00\xff\xda\x00\x02", "\xff\xd8\xff\xe1\xff\xffExif\x00\x00"} {
		require.Equal(t, upright, exifOrientation([]byte(start)))
	}
}

func encoded(t testing.TB, picture image.Image) []byte {
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, picture))
	return file.Bytes()
}

// Transparent pixels are black, and half transparent ones half as light.
func TestTransparent(t *testing.T) {
	p := image.NewNRGBA(image.Rect(0, 0, 48, 24))
	for at := range p.Pix {
		p.Pix[at] = []byte{255, 0, 0, []byte{0, 128, 255}[at/4%48/16]}[at%4]
	}
	opt := ffmpeg.Options{Width: 12, Height: 6, Channels: 3}
	pix, err := decode(folder(t, "1.png", encoded(t, p)), opt)
	require.NoError(t, err)
	for column, want := range map[int]int{0: 0, 5: 128, 11: 255} {
		require.InDelta(t, want, pix[3*column], 1)
		require.Zero(t, pix[3*column+1])
	}
}

// claim is a PNG file of few bytes that says it has so many pixels.
func claim(width, height uint32) []byte {
	chunk := func(b []byte, name string, data []byte) []byte {
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		body := append([]byte(name), data...)
		return binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	b := chunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", append(size, 16, 6, 0, 0, 0))
	return chunk(chunk(b, "IDAT", []byte("x\x9c")), "IEND", nil)
}

func TestErrors(t *testing.T) {
	opt := ffmpeg.Options{Width: 8, Height: 6, Channels: 1, Limit: time.Minute}
	good := encoded(t, quarters(8, 6))
	for want, dir := range map[string]string{
		"1.png: it claims 8193 x 8192 pixels; make it smaller: want at most 67108864, and 32768 a side": folder(t, "1.png", claim(8193, 8192)),
		"2.png: it claims 1 x 32769 pixels":      folder(t, "2.png", claim(1, 1<<15+1)),
		"6.png: it claims 2147483647 x 1 pixels": folder(t, "6.png", claim(1<<31-1, 1)),
		"3.jpg: image: unknown format":           folder(t, "3.jpg", []byte("text")),
		"4.png: png: invalid format":             folder(t, "4.png", good[:len(good)/2]),
		"a folder without frames":                folder(t, "5.txt", good),
	} {
		_, err := decode(dir, opt)
		require.ErrorContains(t, err, want)
		if want[0] != '4' { // whose header is whole
			_, err = Probe(context.Background(), dir)
			require.ErrorContains(t, err, want)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	dir := folder(t, "1.png", good)
	require.NoError(t, exec.Command("mkfifo", filepath.Join(dir, "0.png")).Run())
	_, err := decode(dir, opt)
	require.EqualError(t, err, "0.png: not a regular file")
	_, err = Probe(context.Background(), dir)
	require.EqualError(t, err, "0.png: not a regular file")
}

// A limit, an interrupt and an error of the caller end it, also within a picture.
func TestStops(t *testing.T) {
	dir := folder(t, "1.png", encoded(t, quarters(400, 300)))
	_, err := decode(dir, ffmpeg.Options{Width: 8, Height: 6, Channels: 3, Limit: 1})
	require.EqualError(t, err, "1.png: decoding took longer than 1ns")
	enough := errors.New("enough")
	require.ErrorIs(t, Decode(context.Background(), dir, ffmpeg.Options{Width: 8, Height: 6, Channels: 3}, func([]byte) error { return enough }), enough)
	ctx, cancel := context.WithCancel(context.Background())
	p, err := open(ctx, filepath.Join(dir, "1.png"))
	require.NoError(t, err)
	defer p.file.Close()
	cancel()
	_, err = png.Decode(p.file)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, Decode(ctx, dir, ffmpeg.Options{Width: 8, Height: 6, Channels: 3}, nil), context.Canceled)
}
