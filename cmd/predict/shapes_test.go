package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

// Clips of a shape that moves: the shape and the direction are the class, so that a
// model has to tell the order of frames.
const (
	shapeWidth, shapeHeight = 80, 60
	shapeFrames             = 12
)

var moves = []struct {
	name   string
	dx, dy int
}{{"left", -1, 0}, {"right", 1, 0}, {"up", 0, -1}, {"down", 0, 1}}

// shapeClips calls draw for so many clips of each class, with the clip's name and
// its frames, a byte per pixel.
func shapeClips(each int, draw func(name string, frames []byte)) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range []string{"disc", "cross"} {
		for _, m := range moves {
			for k := range each {
				draw(filepath.Join(shape+" "+m.name, fmt.Sprintf("%02d", k)), drawClip(rng, shape, m.dx, m.dy))
			}
		}
	}
}

// shapeVideos writes a folder of videos, which one ffmpeg makes all.
func shapeVideos(t testing.TB, each int) string {
	t.Helper()
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	root := t.TempDir()
	var raw bytes.Buffer
	var names, cuts []string
	shapeClips(each, func(name string, frames []byte) {
		names = append(names, name+".avi")
		cuts = append(cuts, fmt.Sprint(shapeFrames*len(names)))
		raw.Write(frames)
	})
	parts := t.TempDir()
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", fmt.Sprintf("%dx%d", shapeWidth, shapeHeight), "-r", "25", "-i", "pipe:0",
		"-c:v", "mpeg4", "-q:v", "2", "-g", fmt.Sprint(shapeFrames), "-bf", "0", "-sc_threshold", "1000000000",
		"-f", "segment", "-segment_frames", strings.Join(cuts, ","), "-reset_timestamps", "1", filepath.Join(parts, "%04d.avi"))
	cmd.Stdin = &raw
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for k, name := range names {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o777))
		require.NoError(t, os.Rename(filepath.Join(parts, fmt.Sprintf("%04d.avi", k)), filepath.Join(root, name)))
	}
	return root
}

// shapeFolders writes a folder of clips that are folders of frames.
func shapeFolders(t testing.TB, root string, each int) {
	t.Helper()
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	shapeClips(each, func(name string, frames []byte) {
		require.NoError(t, os.MkdirAll(filepath.Join(root, name), 0o777))
		for k := range shapeFrames {
			size := shapeWidth * shapeHeight
			picture := &image.Gray{Pix: frames[k*size : (k+1)*size], Stride: shapeWidth, Rect: image.Rect(0, 0, shapeWidth, shapeHeight)}
			var file bytes.Buffer
			require.NoError(t, encoder.Encode(&file, picture))
			require.NoError(t, os.WriteFile(filepath.Join(root, name, fmt.Sprintf("%d.png", k)), file.Bytes(), 0o666))
		}
	})
}

// drawClip draws one clip: a light shape somewhere on a dark ground, that goes through
// the middle of its way in the middle of the clip.
func drawClip(rng *rand.Rand, shape string, dx, dy int) []byte {
	var pix []byte
	light, ground := byte(160+rng.IntN(96)), byte(rng.IntN(48))
	radius := 10 + rng.Float64()*2
	x0, y0 := 38+rng.Float64()*4, 28+rng.Float64()*4
	speed := 2 + rng.Float64()
	for k := range shapeFrames {
		way := speed * (float64(k) - (shapeFrames-1)/2.0)
		cx, cy := x0+way*float64(dx), y0+way*float64(dy)
		for y := range shapeHeight {
			for x := range shapeWidth {
				u, v := float64(x)-cx, float64(y)-cy
				inside := u*u+v*v < radius*radius
				if shape == "cross" {
					inside = max(u, -u, v, -v) < radius && min(max(u, -u), max(v, -v)) < radius/3
				}
				if inside {
					pix = append(pix, light)
				} else {
					pix = append(pix, ground)
				}
			}
		}
	}
	return pix
}
