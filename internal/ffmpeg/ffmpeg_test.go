package ffmpeg

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
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
	t.Chdir(t.TempDir())
	for _, c := range []struct{ name, frames, size string }{
		{"plain.mp4", "7", "64x48"}, {"one.avi", "1", "161x121"}, {"three.mpg", "3", "320x240"},
		{"-i", "2", "64x48"}, {"http:x.avi", "2", "64x48"}, {"(a) & 'b'! %d $HOME.avi", "2", "64x48"},
	} {
		path := c.name
		if filepath.Ext(path) == "" {
			clip(t, "x.avi", c.frames, c.size)
			require.NoError(t, os.Rename("x.avi", path))
		} else {
			clip(t, path, c.frames, c.size)
		}
		for channels, format := range map[int]string{1: "gray", 3: "rgb24"} {
			if channels == 1 && c.name != "plain.mp4" {
				continue
			}
			opt := Options{Width: 40, Height: 30, Channels: channels, Limit: time.Minute}
			got, err := decode(path, opt)
			require.NoError(t, err, c.name)
			want, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", "file:"+path, "-f", "rawvideo", "-pix_fmt", format, "-s", "40x30", "-sws_flags", "bilinear", "-").Output()
			require.NoError(t, err)
			require.NotEmpty(t, want)
			require.True(t, bytes.Equal(want, got), c.name)
			require.Zero(t, len(got)%opt.Size())
		}
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
