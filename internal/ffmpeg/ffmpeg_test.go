package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

// clip makes a video of a moving test picture.
func clip(t testing.TB, path string, frames string, size string) {
	t.Helper()
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=rate=25:size="+size, "-frames:v", frames, "-y", "file:"+path).CombinedOutput()
	require.NoError(t, err, string(out))
}

func decode(path string, opt Options) (all []byte, err error) {
	err = Decode(context.Background(), path, opt, func(frame []byte) error { all = append(all, frame...); return nil })
	return all, err
}

// The frames are ffmpeg's own, byte for byte, for every container, for odd sizes
// and for names that a shell or ffmpeg itself would take for something else.
func TestDecode(t *testing.T) {
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	t.Chdir(t.TempDir())
	// One ffmpeg makes all clips, and one all frames that are compared: most of its time
	// is its start.
	making := []string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=rate=25:size=320x240"}
	inputs, outputs := []string{"-nostdin", "-v", "error"}, []string(nil)
	all := []struct {
		name, format, frames, size string
		channels                   int
	}{
		{"plain.mp4", "mp4", "7", "64x48", 3}, {"one.avi", "avi", "1", "161x121", 3}, {"three.mpg", "mpeg", "3", "320x240", 3}, {"-i", "avi", "2", "64x48", 3},
		{"http:x.avi", "avi", "2", "64x48", 3}, {"(a) & 'b'! %d $HOME.avi", "avi", "2", "64x48", 3}, {"grey.mp4", "mp4", "7", "64x48", 1},
	}
	for k, c := range all {
		making = append(making, "-frames:v", c.frames, "-s", c.size, "-f", c.format, "file:"+c.name)
		format := map[int]string{1: "gray", 3: "rgb24"}[c.channels]
		inputs = append(inputs, "-i", "file:"+c.name)
		outputs = append(outputs, "-map", fmt.Sprint(k, ":v"), "-f", "rawvideo", "-pix_fmt", format, "-s", "40x30", "-sws_flags", "bilinear", fmt.Sprint(k, ".raw"))
	}
	for _, args := range [][]string{making, append(inputs, outputs...)} {
		out, err := exec.Command("ffmpeg", args...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	for k, c := range all {
		opt := Options{Width: 40, Height: 30, Channels: c.channels, Limit: time.Minute}
		got, err := decode(c.name, opt)
		require.NoError(t, err, c.name)
		want, err := os.ReadFile(fmt.Sprint(k, ".raw"))
		require.NoError(t, err)
		require.NotEmpty(t, want)
		require.True(t, bytes.Equal(want, got), c.name)
		require.Equal(t, c.frames, fmt.Sprint(len(got)/opt.Size()))
	}
}

// Every frame comes once, however uneven they are in time.
func TestUneven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "uneven.mkv")
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	// Frames 0 to 4 and then every seventh up to 49.
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=rate=25:size=64x48",
		"-vf", "trim=end_frame=50,select='lt(n,5)+not(mod(n,7))'", "-fps_mode", "vfr", path).CombinedOutput()
	require.NoError(t, err, string(out))
	opt := Options{Width: 8, Height: 6, Channels: 3}
	all, err := decode(path, opt)
	require.NoError(t, err)
	require.Equal(t, 12, len(all)/opt.Size())
}

func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.avi")
	clip(t, whole, "50", "320x240")
	data, err := os.ReadFile(whole)
	require.NoError(t, err)
	opt := Options{Width: 32, Height: 24, Channels: 3}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty.avi": {nil, "ffmpeg: exit status"},
		"text.avi":  {[]byte("this is no video\n"), "ffmpeg: exit status"},
		"head.avi":  {data[:300], "ffmpeg"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, c.data, 0o600))
		_, err := decode(path, opt)
		require.ErrorContains(t, err, c.want, name)
		require.NotContains(t, err.Error(), "\n")
	}
	cut := filepath.Join(dir, "cut.avi")
	require.NoError(t, os.WriteFile(cut, data[:len(data)/2], 0o600))
	some, err := decode(cut, opt)
	require.NoError(t, err)
	all, err := decode(whole, opt)
	require.NoError(t, err)
	require.Less(t, len(some), len(all))
	require.Zero(t, len(some)%opt.Size())

	_, err = decode(filepath.Join(dir, "missing.avi"), opt)
	require.ErrorContains(t, err, "No such file")
	_, err = decode(whole, Options{Width: 32, Height: 24, Channels: 2})
	require.ErrorContains(t, err, "want positive sizes, and 1 or 3 channels")
}

func TestStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.avi")
	clip(t, path, "250", "320x240")
	opt := Options{Width: 320, Height: 240, Channels: 3}
	enough := errors.New("enough")
	frames := 0
	require.ErrorIs(t, Decode(context.Background(), path, opt, func([]byte) error {
		if frames++; frames == 3 {
			return enough
		}
		return nil
	}), enough)
	require.Equal(t, 3, frames)

	ctx, cancel := context.WithCancel(context.Background())
	require.ErrorIs(t, Decode(ctx, path, opt, func([]byte) error { cancel(); return nil }), context.Canceled)

	opt.Limit = time.Millisecond
	_, err := decode(path, opt)
	require.EqualError(t, err, "ffmpeg took longer than 1ms")

	t.Setenv("PATH", "")
	_, err = decode(path, opt)
	require.ErrorIs(t, err, ErrMissing)
}

// What is done with a frame does not count towards the limit.
func TestLimitIsForDecoding(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clip.avi")
	clip(t, path, "3", "32x24")
	opt := Options{Width: 8, Height: 6, Channels: 3, Limit: 3 * time.Second}
	frames := 0
	require.NoError(t, Decode(context.Background(), path, opt, func([]byte) error {
		frames++
		time.Sleep(opt.Limit / 2)
		return nil
	}))
	require.Equal(t, 3, frames)
}

// An ffmpeg that lacks an option says nothing about a file.
func TestOldProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program of the test is a shell script")
	}
	bin := t.TempDir()
	script := "#!/bin/sh\necho \"Unrecognized option 'fps_mode'.\" >&2\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "ffmpeg"), []byte(script), 0o777))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := decode("clip.avi", Options{Width: 8, Height: 6, Channels: 3})
	require.ErrorIs(t, err, ErrOld)
}
