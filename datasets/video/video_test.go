package video

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

// film makes a video of so many frames, each lighter than the one before.
func film(t testing.TB, path string, frames int) {
	t.Helper()
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	shootAll(t, map[string]int{path: frames})
}

// shootAll makes films of so many frames, all with one start of ffmpeg.
func shootAll(t testing.TB, frames map[string]int) {
	args := []string{"-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "color=black:s=32x24:r=25,geq=lum='16+N*2':cb=128:cr=128"}
	for path, n := range frames {
		args = append(args, "-frames:v", fmt.Sprint(n), "-c:v", "mpeg4", "-q:v", "1", "file:"+path)
	}
	out, err := exec.Command("ffmpeg", args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(filmed.dir)
	os.Exit(code)
}

// filmed holds what tests share, since starting ffmpeg is most of their time.
var filmed struct {
	sync.Once
	dir string
}

// films returns a folder of two classes, of clips with 1, 3, 6, 60 and 12 frames and of
// one with 1, and a cache for them. All tests share them; none may change them.
func films(t testing.TB) (root, cache string) {
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	filmed.Do(func() {
		dir, err := os.MkdirTemp("", "films-*")
		require.NoError(t, err)
		filmed.dir = dir
		all := map[string]int{}
		for k, frames := range []int{1, 3, 6, 60, 12} {
			all[filepath.Join(dir, "films", "a b", fmt.Sprintf("%d.avi", k))] = frames
		}
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "films", "a b"), 0o777))
		shootAll(t, all)
		require.NoError(t, os.Mkdir(filepath.Join(dir, "films", "c'd"), 0o777))
		require.NoError(t, os.Link(filepath.Join(dir, "films", "a b", "0.avi"), filepath.Join(dir, "films", "c'd", "0.avi")))
	})
	return filepath.Join(filmed.dir, "films"), filepath.Join(filmed.dir, "cache")
}

// ownFilms returns a copy of films for a test that changes it.
func ownFilms(t testing.TB) string {
	shared, _ := films(t)
	root := filepath.Join(t.TempDir(), "films")
	require.NoError(t, os.CopyFS(root, os.DirFS(shared)))
	return root
}

func openFilms(t testing.TB, root, cache string, change func(*Options)) *set {
	opt := Options{Options: datasets.Options{Normalise: "none"}, Width: 4, Height: 3, Cache: cache}
	if change != nil {
		change(&opt)
	}
	s, err := Open(context.Background(), "folder:"+root, opt)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s.(*set)
}

// means are the brightness of each step of a clip.
func means(t testing.TB, s datasets.Set, p datasets.Part, i int) (all []float64, label, steps int) {
	x := make([]float32, s.Steps()*dims.Size(s.StepShape()))
	label, steps, err := s.Read(p, i, x)
	require.NoError(t, err)
	for step := range slices.Chunk(x, dims.Size(s.StepShape())) {
		sum := 0.0
		for _, v := range step {
			sum += float64(v)
		}
		all = append(all, math.Round(sum/float64(len(step))))
	}
	return all, label, steps
}

// whole lists the clips of both parts by their path.
func whole(s *set) map[string][2]int {
	all := map[string][2]int{}
	for part, clips := range s.Parts {
		for i, k := range clips {
			all[s.Names[k]] = [2]int{part, i}
		}
	}
	return all
}

// Clips have their class, their frames in order of time, zeros in front where they
// are short, and the same frames whenever they are opened.
func TestVideo(t *testing.T) {
	root, cache := films(t)
	for _, sample := range []string{"random", "even"} {
		s := openFilms(t, root, cache, func(o *Options) { o.Sample = sample })
		other := s
		if sample == "random" {
			other = openFilms(t, root, t.TempDir(), nil)
		}
		require.Equal(t, "folder:"+root+" (random)", s.Name())
		require.Equal(t, []string{"a b", "c'd"}, s.Classes())
		require.Equal(t, []int{3, 4, 3}, s.StepShape())
		require.Equal(t, 6, s.Steps())
		clips := whole(s)
		require.Len(t, clips, 6)
		for path, at := range clips {
			light, label, steps := means(t, s, datasets.Part(at[0]), at[1])
			require.Equal(t, s.Classes()[label], filepath.Dir(path))
			require.Equal(t, 6, steps)
			switch frames := []int{1, 3, 6, 60, 12}[path[len(path)-5]-'0']; {
			case frames == 1:
				require.Equal(t, make([]float64, 5), light[:5])
			case frames == 3:
				require.Equal(t, make([]float64, 3), light[:3])
				require.Less(t, light[3], light[5])
			default:
				require.True(t, slices.IsSorted(light), "%v", light)
				if frames == 6 || sample == "even" {
					require.InDelta(t, 0, light[0], 3, "the first frame")
					require.InDelta(t, (16+2*float64(frames-1)-16)*255/219, light[5], 4, "and the last")
				}
			}
			again, _, _ := means(t, other, datasets.Part(at[0]), at[1])
			require.Equal(t, light, again)
		}
	}
	minus := openFilms(t, root, cache, func(o *Options) { o.Normalise = "minus128" })
	black := whole(minus)["a b/2.avi"]
	light, _, _ := means(t, minus, datasets.Part(black[0]), black[1])
	require.InDelta(t, -128, light[0], 3, "the first frame is black")
	s := openFilms(t, root, cache, func(o *Options) { o.Steps = AllSteps; o.Normalise = "auto"; o.Grey = true })
	require.Equal(t, 60, s.Steps())
	require.Equal(t, []int{3, 4, 1}, s.StepShape())
	at := whole(s)["a b/1.avi"]
	light, _, steps := means(t, s, datasets.Part(at[0]), at[1])
	require.Equal(t, 3, steps, "lengths tell, not zeros in front")
	require.Equal(t, -2.0, light[0])
	require.Equal(t, []float64{0, 0}, light[3:5])
}

// The cache is used the second time, and notices a video that has changed.
func TestVideoCache(t *testing.T) {
	root, cache := ownFilms(t), t.TempDir()
	decoded := func() (n int) {
		var mu sync.Mutex
		s := openFilms(t, root, cache, func(o *Options) {
			o.OnDecoded = func(Decoding) { mu.Lock(); defer mu.Unlock(); n++ }
		})
		for _, at := range whole(s) {
			means(t, s, datasets.Part(at[0]), at[1])
		}
		require.NoError(t, s.Close())
		return n
	}
	require.Equal(t, 6, decoded())
	require.Zero(t, decoded())
	film(t, filepath.Join(root, "a b", "2.avi"), 9)
	require.Equal(t, 1, decoded())
}

// Damaged clips are reported and left out of batches, up to a part of them.
func TestVideoDamaged(t *testing.T) {
	root := ownFilms(t)
	for name, data := range map[string][]byte{"empty.avi": nil, "text.mp4": []byte("no video")} {
		require.NoError(t, os.WriteFile(filepath.Join(root, "a b", name), data, 0o600))
	}
	var mu sync.Mutex
	reported := map[string]string{}
	report := func(path string, err error) {
		mu.Lock()
		defer mu.Unlock()
		reported[filepath.Base(path)] = err.Error()
	}
	cache := t.TempDir()
	s := openFilms(t, root, cache, func(o *Options) { o.MaxBad, o.OnBad = 0.25, report })
	read, asked := 0, 0
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		for b, err := range datasets.Batches(s, part, 5, datasets.Order(s.Clips(part), 1, 0)) {
			require.NoError(t, err)
			read, asked = read+b.Len, asked+b.Asked
			require.Len(t, b.Labels, b.Len)
			require.Len(t, b.Clips, b.Len)
		}
	}
	require.Equal(t, []int{6, 8}, []int{read, asked})
	mu.Lock()
	require.Len(t, reported, 2)
	require.Contains(t, reported["empty.avi"], "ffmpeg")
	require.Contains(t, reported["text.mp4"], "ffmpeg")
	mu.Unlock()

	require.NoError(t, s.Close())
	s = openFilms(t, root, cache, func(o *Options) { o.MaxBad = 0.13 })
	var failed error
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		for _, err := range datasets.Batches(s, part, 5, datasets.Order(s.Clips(part), 1, 0)) {
			if err != nil {
				failed = err
			}
		}
	}
	require.ErrorContains(t, failed, "2 of 8 clips are damaged, and 1 may be; the last one is "+root)
}

// drawFrames makes a folder of so many frames, each lighter than the one before.
func drawFrames(t testing.TB, dir string, frames, width, height int) {
	require.NoError(t, os.MkdirAll(dir, 0o777))
	img := image.NewGray(image.Rect(0, 0, width, height))
	for k := range frames {
		for at := range img.Pix {
			img.Pix[at] = uint8(10 * k)
		}
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("f%d.png", k)))
		require.NoError(t, err)
		require.NoError(t, png.Encode(file, img))
		require.NoError(t, file.Close())
	}
}

// Folders of numbered pictures are clips too.
func TestVideoPictures(t *testing.T) {
	root := t.TempDir()
	for _, class := range []string{"a", "b"} {
		for clip := range 5 {
			drawFrames(t, filepath.Join(root, class, fmt.Sprint("clip", clip)), 12, 8, 6)
		}
	}
	for _, grey := range []bool{false, true} {
		s := openFilms(t, root, t.TempDir(), func(o *Options) { o.Steps, o.Grey = 12, grey })
		light, _, _ := means(t, s, datasets.Train, 0)
		require.Equal(t, []float64{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110}, light)
	}
}

func TestVideoErrors(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "empty"), 0o777))
	for want, open := range map[string]func() (datasets.Set, error){
		"datasets: folder:: no folder; write folder:FOLDER": func() (datasets.Set, error) { return Open(t.Context(), "folder:", Options{}) },
		"datasets: ucf11:/nowhere: there is no folder":      func() (datasets.Set, error) { return Open(t.Context(), "ucf11:/nowhere", Options{}) },
		"has no clips as in CLASS/CLIP":                     func() (datasets.Set, error) { return Open(t.Context(), "folder:"+root, Options{}) },
		"-2 steps; want at least 1, or AllSteps":            func() (datasets.Set, error) { return Open(t.Context(), "folder:"+root, Options{Steps: -2}) },
		`sample is "evenly"; want random or even`:           func() (datasets.Set, error) { return Open(t.Context(), "folder:"+root, Options{Sample: "evenly"}) },
		"MaxBad is 2, want a part of the clips, at most 1":  func() (datasets.Set, error) { return Open(t.Context(), "folder:"+root, Options{MaxBad: 2}) },
		"CacheLimit -1 and Limit -1ns must not be negative": func() (datasets.Set, error) {
			return Open(t.Context(), "folder:"+root, Options{CacheLimit: -1, Limit: -1})
		},
		"Height 0 and Width 3: give both, from 1 to 4096": func() (datasets.Set, error) { return Open(t.Context(), "folder:"+root, Options{Width: 3}) },
	} {
		_, err := open()
		require.ErrorContains(t, err, want)
	}
}

// Without ffmpeg a set opens as far as the cache has it, and else says what to do.
func TestVideoWithoutFFmpeg(t *testing.T) {
	root, cache := films(t)
	s := openFilms(t, root, cache, nil)
	for _, at := range whole(s) {
		means(t, s, datasets.Part(at[0]), at[1])
	}
	require.NoError(t, s.Close())
	t.Setenv("PATH", "")
	openFilms(t, root, cache, nil)
	_, err := Open(t.Context(), "folder:"+root, Options{Width: 4, Height: 3, Cache: t.TempDir()})
	require.ErrorIs(t, err, ffmpeg.ErrMissing)
	require.ErrorContains(t, err, "apt-get install ffmpeg")
}

// Leaving a set while it decodes leaves nothing running.
func TestVideoClose(t *testing.T) {
	root, _ := films(t)
	s := openFilms(t, root, t.TempDir(), nil)
	began := time.Now()
	require.NoError(t, s.Close())
	require.Less(t, time.Since(began), 20*time.Second)
	_, _, err := s.Read(datasets.Train, 0, make([]float32, 6*36))
	if err != nil { // unless it was decoded before
		require.ErrorContains(t, err, "is closed")
	}
}

// An Open that has to decode everything stops when its context is done. A set that is
// open gives what is in the cache then, and decodes no more.
func TestVideoOpenContext(t *testing.T) {
	root, cache := films(t)
	ctx, cancel := context.WithCancel(context.Background())
	opt := Options{Width: 4, Height: 3, Steps: AllSteps, Cache: t.TempDir()}
	opt.OnDecoded = func(Decoding) { cancel() }
	_, err := Open(ctx, "folder:"+root, opt)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "datasets: folder:"+root+": context canceled")

	ctx, cancel = context.WithCancel(context.Background())
	s, err := Open(ctx, "folder:"+root, Options{Options: datasets.Options{Normalise: "none"}, Width: 4, Height: 3, Cache: cache})
	require.NoError(t, err)
	defer s.Close()
	cancel()
	for _, at := range whole(s.(*set)) {
		means(t, s, datasets.Part(at[0]), at[1])
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	began, stopped := make(chan bool), make(chan bool)
	opt = Options{Options: datasets.Options{Normalise: "none"}, Width: 4, Height: 3, Cache: t.TempDir()}
	opt.OnDecoded = func(Decoding) { // of the first clip; the others wait
		select {
		case <-began:
		default:
			close(began)
		}
		<-stopped
	}
	u, err := Open(ctx, "folder:"+root, opt)
	require.NoError(t, err)
	defer u.Close()
	<-began
	cancel()
	close(stopped)
	refused := 0
	for i := range u.Clips(datasets.Train) {
		if _, _, err := u.Read(datasets.Train, i, make([]float32, 6*36)); err != nil {
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, "datasets: folder:"+root)
			refused++
		}
	}
	require.Positive(t, refused)

	// A mean of all training clips is as long when all are in the cache.
	_, err = Open(ctx, "folder:"+root, Options{Options: datasets.Options{Normalise: "channel"}, Width: 4, Height: 3, Cache: cache})
	require.ErrorIs(t, err, context.Canceled)
}

// A cache that takes no clip is reported once, and the clips are there all the same.
func TestVideoUncached(t *testing.T) {
	root, _ := films(t)
	cache := filepath.Join(t.TempDir(), "cache")
	var mu sync.Mutex
	var reported []error
	s := openFilms(t, root, cache, func(o *Options) {
		o.OnUncached = func(err error) { mu.Lock(); defer mu.Unlock(); reported = append(reported, err) }
	})
	// Clips that are being written keep the folder for a moment.
	require.Eventually(t, func() bool { return os.RemoveAll(cache) == nil }, time.Minute, time.Millisecond)
	for _, path := range []string{"a b/0.avi", "a b/4.avi", "a b/0.avi"} {
		at := whole(s)[path]
		_, label, _ := means(t, s, datasets.Part(at[0]), at[1])
		require.Equal(t, s.Classes()[label], filepath.Dir(path))
	}
	require.NoError(t, s.Close())
	require.Len(t, reported, 1)
	require.Regexp(t, "^datasets: folder:.*: cache: ", reported[0].Error())
}

// The headers in the cache say how long the longest clip is: damage behind them is not
// looked for before the clip is read.
func TestVideoCountsFromHeaders(t *testing.T) {
	root, shared := films(t)
	all := func(o *Options) { o.Steps, o.Sample = AllSteps, "even" }
	s := openFilms(t, root, shared, all)
	at := whole(s)["a b/3.avi"]
	want, _, _ := means(t, s, datasets.Part(at[0]), at[1])
	require.NoError(t, s.Close())
	cache := t.TempDir()
	require.NoError(t, os.CopyFS(cache, os.DirFS(shared)))
	clips, err := filepath.Glob(filepath.Join(cache, "*.clip"))
	require.NoError(t, err)
	for _, path := range clips {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		data[len(data)-1] ^= 1
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", "") // nothing can be decoded
	s = openFilms(t, root, cache, all)
	require.Equal(t, 60, s.Steps())
	t.Setenv("PATH", path)
	got, _, _ := means(t, s, datasets.Part(at[0]), at[1])
	require.Equal(t, want, got)
}

// The fingerprint is of the files as they were when the set was opened, those in
// folders of frames among them.
func TestVideoFingerprint(t *testing.T) {
	root := t.TempDir()
	frame := filepath.Join(root, "a", "clip0", "f0.png")
	for _, class := range []string{"a", "b"} {
		for clip := range 5 {
			drawFrames(t, filepath.Join(root, class, fmt.Sprint("clip", clip)), 1, 8, 6)
		}
	}
	dir, err := os.Stat(filepath.Dir(frame))
	require.NoError(t, err)
	cache := t.TempDir()
	s := openFilms(t, root, cache, nil)
	before := s.Fingerprint()
	require.Equal(t, before, openFilms(t, root, cache, nil).Fingerprint())
	// Nothing but the frame itself tells.
	require.NoError(t, os.Chtimes(frame, time.Time{}, time.Unix(1e9, 0)))
	require.NoError(t, os.Chtimes(filepath.Dir(frame), time.Time{}, dir.ModTime()))
	require.Equal(t, before, s.Fingerprint())
	require.NotEqual(t, before, openFilms(t, root, cache, nil).Fingerprint())
}

// Labels are known without reading.
func TestVideoLabels(t *testing.T) {
	root, cache := films(t)
	s := openFilms(t, root, cache, nil)
	for path, at := range whole(s) {
		_, label, _ := means(t, s, datasets.Part(at[0]), at[1])
		require.Equal(t, label, s.Label(datasets.Part(at[0]), at[1]), path)
	}
}
