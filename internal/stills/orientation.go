package stills

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"io"
)

// orientation is how a stored picture becomes what is shown: rows become columns, then
// left and right of the stored picture, and its top and bottom, are exchanged.
type orientation struct{ swaps, mirrors, flips bool }

// orientations are the values from 1 on of the tag of EXIF (CIPA DC-008, 4.6.4 A) that says
// which edges of the stored picture are the upper and the left one of what is shown.
var orientations = [...]orientation{
	{},
	{mirrors: true},
	{mirrors: true, flips: true}, // turned by 180°
	{flips: true},
	{swaps: true},
	{swaps: true, flips: true}, // to be turned by 90° clockwise
	{swaps: true, mirrors: true, flips: true},
	{swaps: true, mirrors: true}, // to be turned by 90° counterclockwise
}

var upright = orientations[0]

// apply returns a picture as it is to be shown.
func (o orientation) apply(from *image.RGBA) *image.RGBA {
	if o == upright {
		return from
	}
	w, h := from.Rect.Dx(), from.Rect.Dy()
	to := image.NewRGBA(from.Rect)
	if o.swaps {
		to = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			u, v := x, y // in from
			if o.swaps {
				u, v = y, x
			}
			if o.mirrors {
				u = w - 1 - u
			}
			if o.flips {
				v = h - 1 - v
			}
			to.SetRGBA(x, y, from.RGBAAt(u, v))
		}
	}
	return to
}

// readOrientation returns what the EXIF block of a JPEG file says, and upright where
// there is none or it is damaged.
func readOrientation(file io.Reader) orientation {
	r := bufio.NewReader(file)
	if _, err := r.Discard(2); err != nil { // where every JPEG begins
		return upright
	}
	const app1, scan = 0xe1, 0xda
	for {
		marker, segment, err := readSegment(r)
		if err != nil || marker == scan {
			return upright
		}
		if tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && marker == app1 {
			return tiffOrientation(tiff)
		}
	}
}

// readSegment reads a marker and what belongs to it.
func readSegment(r *bufio.Reader) (marker byte, segment []byte, err error) {
	if marker, err = r.ReadByte(); err != nil || marker != 0xff {
		return 0, nil, io.ErrUnexpectedEOF
	}
	for marker == 0xff { // which may be repeated
		if marker, err = r.ReadByte(); err != nil {
			return 0, nil, err
		}
	}
	var length [2]byte // counts itself
	if _, err = io.ReadFull(r, length[:]); err != nil {
		return 0, nil, err
	}
	segment = make([]byte, max(0, int(binary.BigEndian.Uint16(length[:]))-len(length)))
	_, err = io.ReadFull(r, segment)
	return marker, segment, err
}

// tiffOrientation reads the tag from the first directory of a TIFF.
func tiffOrientation(tiff []byte) orientation {
	const tag, short, entry = 0x0112, 3, 12
	if len(tiff) < 8 {
		return upright
	}
	order := map[string]binary.ByteOrder{"II*\x00": binary.LittleEndian, "MM\x00*": binary.BigEndian}[string(tiff[:4])]
	if order == nil {
		return upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	rest := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(rest) < entry {
			return upright
		}
		if order.Uint16(rest) == tag {
			value := int(order.Uint16(rest[8:]))
			if order.Uint16(rest[2:]) != short || order.Uint32(rest[4:]) != 1 || value < 1 || value > len(orientations) {
				return upright
			}
			return orientations[value-1]
		}
		rest = rest[entry:]
	}
	return upright
}
