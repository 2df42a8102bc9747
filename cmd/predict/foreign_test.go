package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

// tenFrames makes a grey clip of ten frames a second.
func tenFrames(t *testing.T, paths ...string) {
	t.Helper()
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	args := []string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=64x48:r=10:d=0.8"}
	out, err := exec.Command("ffmpeg", append(args, paths...)...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// A clip that is a playlist shows no other file, and nothing of one is written.
func TestPlaylistIsNoClip(t *testing.T) {
	dir, _ := trained(t)
	secret := filepath.Join(t.TempDir(), "secret.ts")
	tenFrames(t, secret)
	folder := t.TempDir()
	clip, made := filepath.Join(folder, "clip.mp4"), filepath.Join(folder, "out.mp4")
	require.NoError(t, os.WriteFile(clip, fmt.Appendf(nil, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n%s\n#EXT-X-ENDLIST\n", secret), 0o666))
	for _, args := range [][]string{{clip}, {"-follow", clip}, {"-annotate", made, clip}, {"-annotate", made, "-follow", clip}} {
		out, _, err := call(append([]string{"-checkpoint", dir}, args...)...)
		require.ErrorContains(t, err, "its content has the format hls")
		require.ErrorAs(t, err, new(cmdline.Usage))
		require.Empty(t, out)
	}
	require.NoFileExists(t, made)
}

// The annotated video has the rate of the clip where there is no ffprobe, too.
func TestAnnotateWithoutFFprobe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links take a privilege there")
	}
	dir, _ := trained(t)
	clip, made, bin := filepath.Join(t.TempDir(), "clip.mp4"), filepath.Join(t.TempDir(), "out.mp4"), t.TempDir()
	tenFrames(t, clip)
	program, err := ffmpeg.Find()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(program, filepath.Join(bin, "ffmpeg")))
	path := os.Getenv("PATH")
	t.Setenv("PATH", bin)
	_, _, err = call("-checkpoint", dir, "-annotate", made, clip)
	require.NoError(t, err)
	t.Setenv("PATH", path)
	info, all := frames(t, made)
	require.Equal(t, "10/1", info.Rate)
	require.Len(t, all, 8)
}
