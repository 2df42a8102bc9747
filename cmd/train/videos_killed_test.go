package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/train"
)

// many are clips of the frames of one long film a class, six each: two of five are
// videos, whose decoding takes ffmpeg a start, the others folders of pictures.
type many struct {
	root   string
	clips  int               // of each of two classes
	frames map[string][]byte // of each clip, as a decoder has to give them
}

const (
	manyWidth, manyHeight = 32, 24
	manySpec              = `{"cell": "gru", "format": "tt", "in_modes": [48, 48], "out_modes": [4, 4], "ranks": [4]}`
)

// newMany makes the clips. What the videos hold is decoded by one ffmpeg that reads
// them one behind the other.
func newMany(t *testing.T, clips int) *many {
	m := &many{root: filepath.Join(t.TempDir(), "clips"), clips: clips, frames: map[string][]byte{}}
	for class, x := range map[string]string{"left": "24-4*mod(n,6)", "right": "4*mod(n,6)"} {
		dir, videos := filepath.Join(m.root, class), 0
		require.NoError(t, os.MkdirAll(dir, 0o777))
		var list, cuts strings.Builder
		for k := range clips {
			if k%5 < 2 {
				fmt.Fprintf(&list, "file '%s'\n", m.path(class, k))
				videos++
				fmt.Fprintf(&cuts, "%d,", 6*videos)
				continue
			}
			m.paint(t, class, k)
		}
		film := filepath.Join(t.TempDir(), "%d.avi")
		filter := fmt.Sprintf("color=black:s=%dx%d:r=25,noise=alls=20:allf=t[b];color=white:s=8x8:r=25[w];[b][w]overlay=x='%s':y='mod(floor(n/6),16)'", manyWidth, manyHeight, x)
		ffmpeg(t, "-filter_complex", filter, "-frames:v", fmt.Sprint(6*videos), "-c:v", "mpeg4", "-q:v", "2", "-force_key_frames", "expr:eq(mod(n,6),0)",
			"-f", "segment", "-segment_frames", strings.TrimSuffix(cuts.String(), ","), film)
		for k, v := 0, 0; k < clips; k++ {
			if k%5 < 2 {
				require.NoError(t, os.Rename(strings.Replace(film, "%d", fmt.Sprint(v), 1), m.path(class, k)))
				v++
			}
		}
		lists := filepath.Join(t.TempDir(), "list.txt")
		require.NoError(t, os.WriteFile(lists, []byte(list.String()), 0o666))
		raw := ffmpeg(t, "-f", "concat", "-safe", "0", "-i", lists, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", fmt.Sprintf("%dx%d", manyWidth, manyHeight), "-sws_flags", "bilinear", "-")
		const size = 6 * manyWidth * manyHeight * 3
		require.Len(t, raw, videos*size)
		for k, v := 0, 0; k < clips; k++ {
			if k%5 < 2 {
				m.frames[filepath.Join(class, filepath.Base(m.path(class, k)))] = raw[v*size : (v+1)*size]
				v++
			}
		}
	}
	return m
}

func ffmpeg(t *testing.T, args ...string) []byte {
	cmd := exec.Command("ffmpeg", append([]string{"-nostdin", "-v", "error"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	return out
}

// path is that of a clip: videos and folders take turns in the order of decoding.
func (m *many) path(class string, k int) string {
	name := fmt.Sprintf("%05d", k)
	if k%5 < 2 {
		name += ".avi"
	}
	return filepath.Join(m.root, class, name)
}

// paint makes a clip as a folder of pictures.
func (m *many) paint(t *testing.T, class string, k int) {
	rng := rand.New(rand.NewPCG(uint64(k), uint64(len(class))))
	require.NoError(t, os.Mkdir(m.path(class, k), 0o777))
	for step := range 6 {
		img := image.NewRGBA(image.Rect(0, 0, manyWidth, manyHeight))
		for at := 0; at < len(img.Pix); at += 4 {
			x, y := at/4%manyWidth, at/4/manyWidth
			square := 4 * step
			if class == "left" {
				square = 24 - square
			}
			v := byte(rng.IntN(20))
			if x >= square && x < square+8 && y >= k%16 && y < k%16+8 {
				v = 255
			}
			copy(img.Pix[at:], []byte{v, v, v, 255})
			key := filepath.Join(class, filepath.Base(m.path(class, k)))
			m.frames[key] = append(m.frames[key], v, v, v)
		}
		var file bytes.Buffer
		require.NoError(t, (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&file, img))
		require.NoError(t, os.WriteFile(filepath.Join(m.path(class, k), fmt.Sprint(step, ".png")), file.Bytes(), 0o666))
	}
}

// TestVideosKilled trains on clips while they are decoded, and kills that (SIGKILL) again
// and again, each time a few more are in the cache. Then a run goes on to its end, every
// clip in the cache is what a fresh decoder gives, and a second start decodes none. The
// memory of all of these processes stays small.
//
// TENSORZOO_LONG=1 has 5,000 clips, 2,000 of which are videos, and kills 20 times.
func TestVideosKilled(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg; apt-get install ffmpeg")
	}
	clips, kills := 10, 3
	if os.Getenv("TENSORZOO_LONG") == "1" {
		clips, kills = 2500, 20
	}
	began := time.Now()
	m, program, dir := newMany(t, clips), build(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "spec.json"), []byte(manySpec), 0o666))
	t.Logf("%d clips made in %v", 2*clips, time.Since(began).Round(time.Second))
	cache, run := filepath.Join(dir, "cache"), filepath.Join(dir, "run")
	args := []string{"-spec", "spec.json", "-data", "folder:" + m.root, "-size", fmt.Sprintf("%dx%d", manyWidth, manyHeight), "-cache", "cache", "-lr", "0.005"}
	rng := rand.New(rand.NewPCG(1, 2))
	var peak memory
	for k := range kills {
		cmd, out := start(t, dir, program, append(args, "-epochs", "1000000", "-save-every", "1s", "-out", "run", "-resume")...)
		peak.watch(cmd)
		exited := make(chan error, 1)
		go func() { exited <- cmd.Wait() }()
		enough := 2 * clips * (k + 1) / (kills + 2)
		require.Eventually(t, func() bool { return cached(cache) >= enough }, 10*time.Minute, 100*time.Millisecond, "kill %d: %s", k+1, out)
		time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL), "it ended before kill %d: %s", k+1, out)
		require.Error(t, <-exited)
	}
	t.Logf("%d kills, %d clips decoded after %v", kills, cached(cache), time.Since(began).Round(time.Second))
	epochs := 3
	if train.HasCheckpoint(run) {
		epochs += complete(t, run)
	}
	cmd, out := start(t, dir, program, append(args, "-epochs", fmt.Sprint(epochs), "-out", "run", "-resume")...)
	peak.watch(cmd)
	require.NoError(t, cmd.Wait(), out)
	require.Contains(t, out.String(), "test accuracy")
	t.Logf("ended with %d clips decoded after %v; test accuracy %v", cached(cache), time.Since(began).Round(time.Second), result(t, run).Test.Accuracy)
	require.Equal(t, 2*clips, cached(cache))

	// What kills left unfinished is at most what was being written, and goes one day.
	left, err := filepath.Glob(filepath.Join(cache, "*.tmp"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(left), 3*kills)
	old := time.Now().Add(-2 * time.Hour)
	for _, path := range left {
		require.NoError(t, os.Chtimes(path, old, old))
	}

	m.check(t, cache)
	left, err = filepath.Glob(filepath.Join(cache, "*.tmp"))
	require.NoError(t, err)
	require.Empty(t, left)

	again := exec.Command(program, append(args, "-epochs", "1", "-out", "again")...)
	again.Dir, again.Env = dir, append(os.Environ(), "PATH=") // whoever starts ffmpeg fails
	var said bytes.Buffer
	again.Stderr = &said
	pipe, err := again.StdoutPipe()
	require.NoError(t, err)
	started := time.Now()
	require.NoError(t, again.Start())
	peak.watch(again)
	first := make([]byte, len("training "))
	_, err = io.ReadFull(pipe, first)
	require.NoError(t, err, said.String())
	require.Equal(t, "training ", string(first))
	t.Logf("the second start begins to train after %v", time.Since(started).Round(time.Millisecond))
	_, err = io.Copy(io.Discard, pipe)
	require.NoError(t, err)
	require.NoError(t, again.Wait(), said.String())
	require.Empty(t, said.String(), "nothing was decoded or left out")
	t.Logf("a peak of %d MB resident; all took %v", peak.most()>>20, time.Since(began).Round(time.Second))
	// 600 MB are allowed; the 5,000 clips would fit in 280 as float32.
	require.Less(t, peak.most(), int64(150e6))
}

// cached is the number of clips in a cache.
func cached(dir string) (n int) {
	entries, _ := os.ReadDir(dir) // there is none yet
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".clip") {
			n++
		}
	}
	return n
}

// check compares every clip in the cache with what it was made of.
func (m *many) check(t *testing.T, cache string) {
	set, err := video.Open(t.Context(), "folder:"+m.root, video.Options{Options: datasets.Options{Normalise: "none"}, Width: manyWidth, Height: manyHeight,
		Cache: cache, OnDecoded: func(video.Decoding) { t.Error("a clip is not in the cache, or damaged there") },
	})
	require.NoError(t, err)
	defer set.Close()
	x := make([]float32, 6*manyWidth*manyHeight*3)
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		for i := range set.Clips(part) {
			_, _, err := set.Read(part, i, x)
			require.NoError(t, err)
			got := make([]byte, len(x))
			for k, v := range x {
				got[k] = byte(v)
			}
			path := filepath.FromSlash(set.Group(part, i))
			require.True(t, bytes.Equal(m.frames[path], got), path)
			delete(m.frames, path)
		}
	}
	require.Empty(t, m.frames)
}

// memory is the largest resident set of some processes, as Linux reports it while they
// run.
type memory struct {
	mu   sync.Mutex
	peak int64
}

// watch looks at a process until it ends.
func (m *memory) watch(cmd *exec.Cmd) {
	path := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)
	go func() {
		for {
			status, err := os.ReadFile(path)
			_, line, ok := strings.Cut(string(status), "VmHWM:")
			if err != nil || !ok {
				return
			}
			var kB int64
			fmt.Sscan(line, &kB)
			m.mu.Lock()
			m.peak = max(m.peak, kB<<10)
			m.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
		}
	}()
}

func (m *memory) most() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peak
}
