package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// frames decodes a whole video.
func frames(t *testing.T, path string) (ffmpeg.Info, [][]byte) {
	t.Helper()
	info, err := ffmpeg.Probe(context.Background(), path, time.Minute)
	require.NoError(t, err)
	var all [][]byte
	opt := ffmpeg.Options{Width: info.Width, Height: info.Height, Channels: 3}
	require.NoError(t, ffmpeg.Decode(context.Background(), path, opt, func(frame []byte) error {
		all = append(all, append([]byte{}, frame...))
		return nil
	}))
	return info, all
}

// labelled reports whether a frame of a grey clip is dark or coloured where the answer
// stands, and grey in the opposite corner.
func labelled(t *testing.T, info ffmpeg.Info, frame []byte) bool {
	grey := func(x, y int) bool {
		at := 3 * (y*info.Width + x)
		for _, v := range frame[at : at+3] {
			if v < 118 || v > 138 {
				return false
			}
		}
		return true
	}
	require.True(t, grey(info.Width-9, info.Height-9))
	return !grey(9, 9)
}

// The video has the frames, the rate and the sound of the clip, and a label on each
// frame; with -follow the label changes.
func TestAnnotate(t *testing.T) {
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	dir, _ := trained(t)
	clip := filepath.Join(t.TempDir(), "a clip.mp4") // of an odd size
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=320x240:r=10", "-f", "lavfi", "-i", "sine", "-frames:v", "9", "-shortest",
		"-vf", "scale=321:243,setsar=2/1,format=yuv444p", "-c:v", "libx264", clip).CombinedOutput()
	require.NoError(t, err, string(out))
	before, plain := frames(t, clip)
	require.Equal(t, ffmpeg.Info{Width: 321, Height: 243, Rate: "10/1", Aspect: "2:1"}, before)

	made := filepath.Join(t.TempDir(), "out.mp4")
	said, errs, err := call("-checkpoint", dir, "-json", "-annotate", made, clip)
	require.NoError(t, err)
	require.Len(t, answers(t, said), 1)
	require.Equal(t, "wrote "+made+"\n", errs)
	after, all := frames(t, made)
	require.Equal(t, ffmpeg.Info{Width: 322, Height: 244, Rate: "10/1", Aspect: "2:1"}, after)
	require.Len(t, all, len(plain))
	for k := range all {
		require.False(t, labelled(t, before, plain[k]))
		require.True(t, labelled(t, after, all[k]))
	}
	sound, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream=codec_type", "-of", "csv=p=0", made).Output()
	require.NoError(t, err)
	require.Equal(t, "audio", strings.TrimSpace(string(sound)))
}

// With -follow a frame has the answer after the last frame that the model read up to
// it, and none before the first.
func TestAnnotateFollows(t *testing.T) {
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	dir, _ := trained(t)
	// A folder of small grey pictures, of which the draw leaves out the first ones.
	clip := filepath.Join(t.TempDir(), "clip")
	require.NoError(t, os.Mkdir(clip, 0o777))
	picture := image.NewGray(image.Rect(0, 0, 100, 60))
	for k := range picture.Pix {
		picture.Pix[k] = 128
	}
	for k := range 12 {
		file, err := os.Create(filepath.Join(clip, fmt.Sprintf("%d.png", k)))
		require.NoError(t, err)
		require.NoError(t, png.Encode(file, picture))
		require.NoError(t, file.Close())
	}
	made := filepath.Join(t.TempDir(), "out.mkv")
	said, _, err := call("-checkpoint", dir, "-json", "-follow", "-sample", "random", "-seed", "2", "-annotate", made, clip)
	require.NoError(t, err)
	steps := answers(t, said)
	require.Positive(t, *steps[0].Frame, "another -seed gives another draw")
	info, all := frames(t, made)
	require.Equal(t, ffmpeg.Info{Width: 400, Height: 240, Rate: "25/1", Aspect: "1:1"}, info) // enlarged for the letters
	require.Len(t, all, 12)
	for k := range all {
		require.Equal(t, k >= *steps[0].Frame, labelled(t, info, all[k]), "frame %d", k)
	}
}

// Every frame is there, however short the sound is.
func TestAnnotateShortSound(t *testing.T) {
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	dir, _ := trained(t)
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=32x24:r=25", "-f", "lavfi", "-i", "sine=d=1", "-frames:v", "40", clip).CombinedOutput()
	require.NoError(t, err, string(out))
	for _, ending := range []string{".mp4", ".avi", ".gif"} {
		made := filepath.Join(t.TempDir(), "out"+ending)
		_, _, err = call("-checkpoint", dir, "-annotate", made, clip)
		require.NoError(t, err)
		_, all := frames(t, made)
		require.Len(t, all, 40, ending)
	}
}

// Nothing half made is left behind, and what was there stays.
func TestAnnotateErrors(t *testing.T) {
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	dir, _ := trained(t)
	folder := t.TempDir()
	made := filepath.Join(folder, "out.mp4")
	require.NoError(t, os.WriteFile(made, []byte("before"), 0o666))
	// Wider than videos may be; a copy is made smaller before the model reads it.
	wide := filepath.Join(t.TempDir(), "wide")
	require.NoError(t, os.Mkdir(wide, 0o777))
	file, err := os.Create(filepath.Join(wide, "1.png"))
	require.NoError(t, err)
	require.NoError(t, png.Encode(file, image.NewGray(image.Rect(0, 0, 20000, 2))))
	require.NoError(t, file.Close())
	_, _, err = call("-checkpoint", dir, "-annotate", made, wide)
	require.ErrorContains(t, err, "-annotate "+made+": ffmpeg")
	require.ErrorAs(t, err, new(cmdline.Usage))
	data, err := os.ReadFile(made)
	require.NoError(t, err)
	require.Equal(t, "before", string(data))
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, 1)

	video := filepath.Join(folder, "clip.avi")
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=64x48", "-frames:v", "2", video).CombinedOutput()
	require.NoError(t, err, string(out))
	_, _, err = call("-checkpoint", dir, "-annotate", video, video)
	require.ErrorContains(t, err, "would overwrite the clip")
}

// Without ffmpeg a video says what to install, and a folder of frames is answered.
func TestWithoutFFmpeg(t *testing.T) {
	dir, clips := trained(t)
	t.Setenv("PATH", t.TempDir())
	video := filepath.Join(t.TempDir(), "clip.avi")
	require.NoError(t, os.WriteFile(video, []byte("whatever"), 0o666))
	_, _, err := call("-checkpoint", dir, video)
	require.ErrorContains(t, err, "apt-get install ffmpeg")
	_, _, err = call("-checkpoint", dir, filepath.Join(clips, "disc up", "00"))
	require.NoError(t, err)
	_, _, err = call("-checkpoint", dir, "-annotate", filepath.Join(t.TempDir(), "out.mp4"), filepath.Join(clips, "disc up", "00"))
	require.ErrorContains(t, err, "apt-get install ffmpeg")
}

// However long a name is, and however small a frame, drawing stays inside.
func TestLabel(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {8, 240}, {300, 240}, {1920, 1080}} {
		l, err := newLabel(size[1])
		require.NoError(t, err)
		canvas := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
		l.draw(canvas, []zoo.Guess{{Class: strings.Repeat("Wörter ", 40), Probability: 1}, {Class: "b", Probability: 0.3}, {}})
	}
	// A longer bar for what is likelier.
	l, err := newLabel(240)
	require.NoError(t, err)
	blue := func(p float64) (n int) {
		canvas := image.NewRGBA(image.Rect(0, 0, 320, 240))
		l.draw(canvas, []zoo.Guess{{Class: "a", Probability: p}})
		for y := range 240 {
			for x := range 320 {
				if canvas.RGBAAt(x, y) == bar {
					n++
				}
			}
		}
		return n
	}
	require.Zero(t, blue(0))
	require.Greater(t, blue(0.5), 100)
	require.Greater(t, blue(1), blue(0.5)*3/2)
}
