package video

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

// BenchmarkDecoding decodes 40 clips of 200 frames of 320x240 to 160x120: "set" as a set
// does it in the background, into a cache; "ffmpeg" with as many processes at a time as
// there are cores, which throw the frames away. The two take turns and share the time, so
// that a machine that others use is as busy for both; ratio is that of their frames/s.
func BenchmarkDecoding(b *testing.B) {
	if _, err := ffmpeg.Find(); err != nil {
		b.Skip(err)
	}
	const clips, frames = 40, 200
	root := b.TempDir()
	require.NoError(b, os.Mkdir(filepath.Join(root, "class"), 0o777))
	var paths []string
	for k := range clips {
		paths = append(paths, filepath.Join(root, "class", fmt.Sprintf("%d.mpg", k)))
	}
	// One film for all: what is decoded is not compared here.
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=rate=25:size=320x240", "-frames:v", fmt.Sprint(frames), "-c:v", "mpeg1video", "-q:v", "5", paths[0]).CombinedOutput()
	require.NoError(b, err, string(out))
	for _, path := range paths[1:] {
		require.NoError(b, os.Link(paths[0], path))
	}
	var ours, plain time.Duration
	for b.Loop() {
		began := time.Now()
		decodeSet(b, root)
		between := time.Now()
		decodePlain(b, paths)
		ours, plain = ours+between.Sub(began), plain+time.Since(between)
	}
	total := float64(b.N * clips * frames)
	b.ReportMetric(total/ours.Seconds(), "set-frames/s")
	b.ReportMetric(total/plain.Seconds(), "ffmpeg-frames/s")
	b.ReportMetric(plain.Seconds()/ours.Seconds(), "ratio")
}

func decodeSet(b *testing.B, root string) {
	done := make(chan Decoding, 1)
	s, err := Open(b.Context(), "folder:"+root, Options{Width: 160, Height: 120, Cache: b.TempDir(), OnDecoded: func(d Decoding) {
		if d.Done == d.Clips {
			done <- d
		}
	}})
	require.NoError(b, err)
	require.Zero(b, (<-done).Bad)
	require.NoError(b, s.Close())
}

func decodePlain(b *testing.B, paths []string) {
	var wait sync.WaitGroup
	next := make(chan string)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for path := range next {
				// Without a place for its output this is the null device.
				if err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x120", "-sws_flags", "bilinear", "pipe:1").Run(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, path := range paths {
		next <- path
	}
	close(next)
	wait.Wait()
}
