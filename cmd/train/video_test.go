package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A folder of squares that move to the right or to the left, which only the order
// of frames tells apart, is learned from its videos, evaluated from the checkpoint,
// and resumed with the cache; a damaged file is reported.
func TestVideoFolder(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg; apt-get install ffmpeg")
	}
	root := filepath.Join(t.TempDir(), "clips")
	for class, x := range map[string]string{"right": "%d+6*n", "left": "%d-6*n"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, class), 0o777))
		for k := range 12 {
			start := 3 * k
			if class == "left" {
				start += 30
			}
			filter := fmt.Sprintf("color=black:s=96x72:r=25[b];color=white:s=16x16:r=25[w];[b][w]overlay=x='"+x+"':y=%d", start, k*4)
			out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-filter_complex", filter, "-frames:v", "6", filepath.Join(root, class, fmt.Sprintf("%d.mp4", k))).CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "left", "bad.avi"), []byte("no video"), 0o600))
	spec := filepath.Join(t.TempDir(), "spec.json")
	require.NoError(t, os.WriteFile(spec, []byte(`{"cell": "gru", "format": "tt", "in_modes": [12, 12], "out_modes": [4, 4], "ranks": [4]}`), 0o600))
	dir, cache := filepath.Join(t.TempDir(), "run"), t.TempDir()
	out, err := call("-spec", spec, "-data", "folder:"+root, "-cache", cache, "-max-bad", "0.1", "-epochs", "30", "-batch", "8", "-lr", "0.01", "-out", dir)
	require.NoError(t, err, out)
	require.Regexp(t, `test accuracy +│ 1\.0000 \(\d clips`, out)
	require.Contains(t, out, "1 clip left out for being damaged")

	again, err := call("-eval", dir)
	require.NoError(t, err)
	require.Contains(t, again, "1.0000")

	_, err = call("-spec", spec, "-data", "folder:"+root, "-cache", cache, "-max-bad", "0", "-epochs", "1", "-out", "none")
	require.ErrorContains(t, err, "1 of 25 clips are damaged, and 0 may be; the last one is "+filepath.Join(root, "left", "bad.avi"))
}

func TestVideoFlags(t *testing.T) {
	for line, want := range map[string]string{
		"-steps 0":         "want a number from 1 on, or all",
		"-cache-limit 2XB": "want a size such as 500MB or 2GB",
		"-size 160":        `train: -size: "160"; want WIDTHxHEIGHT, such as 160x120`,
		"-grey":            "-grey needs the size of the frames, such as -size 160x120",
		"-max-bad 2":       "-max-bad is 2; want a part from 0 to 1",
	} {
		_, err := call(append([]string{"-data", "folder:x"}, strings.Fields(line)...)...)
		require.ErrorContains(t, err, want)
		require.ErrorAs(t, err, new(usage))
	}
	var b bytesFlag
	for text, want := range map[string]int64{"500MB": 500e6, "1.5 GB": 15e8, "12": 12, "2tb": 2e12} {
		require.NoError(t, b.Set(text))
		require.EqualValues(t, want, b)
		var again bytesFlag
		require.NoError(t, again.Set(b.String()))
		require.Equal(t, b, again)
	}
}
