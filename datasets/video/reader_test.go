package video

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/features"
	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// A reader gives of each file what the set gives of it, where it draws by the seed that
// the set has for it, and reports which frames these are.
func TestVideoReader(t *testing.T) {
	root, cache := films(t)
	for _, sampling := range []preprocess.Sampling{{Steps: 4, Sample: "random"}, {Steps: 6, Sample: "even"}, {Steps: AllSteps, Sample: "even"}} {
		set := openFilms(t, root, cache, func(o *Options) {
			o.Normalise, o.Steps, o.Sample = "auto", sampling.Steps, sampling.Sample
		})
		r := Reader{StepShape: set.StepShape(), Sampling: *set.Sampling(), Normalisation: set.Normalisation()}
		for path, at := range whole(set) {
			if path != "a b/1.avi" && path != "a b/3.avi" {
				continue // which have fewer frames than are taken, and more; others are as good
			}
			x := make([]float32, set.Steps()*dims.Size(set.StepShape()))
			_, steps, err := set.Read(datasets.Part(at[0]), at[1], x)
			require.NoError(t, err)
			elsewhere := filepath.Join(t.TempDir(), filepath.Base(path))
			data, err := os.ReadFile(filepath.Join(root, path))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(elsewhere, data, 0o666))
			r.Seed = clipfiles.Seed(path)
			clip, err := r.Read(context.Background(), elsewhere)
			require.NoError(t, err)
			require.Equal(t, steps, clip.Steps)
			require.Equal(t, x[:len(clip.X)], clip.X)
			require.Len(t, clip.Frames, steps)
			require.True(t, slices.IsSorted(clip.Frames))
			for k, f := range clip.Frames {
				step := clip.X[k*len(clip.X)/steps : (k+1)*len(clip.X)/steps]
				if f < 0 {
					require.Equal(t, make([]float32, len(step)), step)
					continue
				}
				// film makes each frame lighter than the one before, by 2 of 219 levels.
				require.InDelta(t, float64(f)*2*255/219, float64(step[0])*videoStd+videoMean, 4)
			}
		}
	}
}

func TestVideoReaderErrors(t *testing.T) {
	good := Reader{StepShape: []int{3, 4, 3}, Sampling: preprocess.Sampling{Steps: 6, Sample: "random"}}
	for want, change := range map[string]func(*Reader){
		"steps of 2·2048 are neither frames": func(r *Reader) { r.StepShape = []int{2, 2048} },
		"steps of 3·4·2 are neither frames":  func(r *Reader) { r.StepShape = []int{3, 4, 2} },
		"0 steps; want at least 1":           func(r *Reader) { r.Sampling.Steps = 0 },
		`sample is "last"; want random`:      func(r *Reader) { r.Sampling.Sample = "last" },
		"Draws is -1; want at least 1":       func(r *Reader) { r.Draws = -1 },
		"Draws is 2, but nothing is drawn":   func(r *Reader) { r.Draws, r.Sampling.Sample = 2, "even" },
		"Draws is 3, but nothing is drawn":   func(r *Reader) { r.Draws, r.Sampling.Steps = 3, AllSteps },
		"Std[0] is 0":                        func(r *Reader) { r.Normalisation = preprocess.Normalisation{Mean: []float64{1}, Std: []float64{0}} },
		"no such file":                       func(r *Reader) {},
	} {
		r := good
		change(&r)
		_, err := r.Read(context.Background(), "nowhere.mp4")
		require.ErrorContains(t, err, want)
		require.Regexp(t, "^datasets: ", err.Error())
	}
}

// Frames come as they are read; an end within one is an error with figures.
func TestStream(t *testing.T) {
	r := Reader{StepShape: []int{1, 2, 3}, Sampling: preprocess.Sampling{Steps: 1, Sample: "even"}, Normalisation: preprocess.Normalisation{Mean: []float64{1}, Std: []float64{2}}}
	read := func(data []byte) (all []float32, failed error) {
		for x, err := range r.Stream(context.Background(), iotest.OneByteReader(bytes.NewReader(data))) {
			if err != nil {
				return all, err
			}
			all = append(all, x...)
		}
		return all, nil
	}
	data := []byte{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23}
	x, err := read(data)
	require.NoError(t, err)
	require.Equal(t, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, x)
	x, err = read(data[:8])
	require.Len(t, x, 6)
	require.EqualError(t, err, "datasets: -: the input ends within step 1: 2 of the 6 bytes of 1·2·3 are there")
	broken := errors.New("broken")
	for _, err := range r.Stream(context.Background(), iotest.ErrReader(broken)) {
		require.ErrorIs(t, err, broken)
	}
	for range r.Stream(context.Background(), bytes.NewReader(data)) {
		break
	}
}

// A stream of raw frames gives what the file does that they were decoded from.
func TestVideoReadFrom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clip.avi")
	film(t, path, 30)
	var raw []byte
	size := ffmpeg.Options{Width: 4, Height: 3, Channels: 3}
	require.NoError(t, ffmpeg.Decode(context.Background(), path, size, func(frame []byte) error {
		raw = append(raw, frame...)
		return nil
	}))
	for _, sampling := range []preprocess.Sampling{{Steps: 4, Sample: "random"}, {Steps: 7, Sample: "even"}, {Steps: AllSteps, Sample: "even"}, {Steps: 40, Sample: "random"}} {
		r := Reader{StepShape: []int{3, 4, 3}, Sampling: sampling, Normalisation: preprocess.Normalisation{Mean: []float64{128}, Std: []float64{64}}}
		if sampling.Sample == "random" {
			r.Draws = 3
		}
		want, err := r.Read(context.Background(), path)
		require.NoError(t, err)
		got, err := r.ReadFrom(context.Background(), bytes.NewReader(raw))
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = r.ReadFrom(context.Background(), bytes.NewReader(nil))
		require.EqualError(t, err, "datasets: -: there is no frame")
		_, err = r.ReadFrom(context.Background(), bytes.NewReader(raw[:40]))
		require.EqualError(t, err, "datasets: -: the input ends within step 1: 4 of the 36 bytes of 3·4·3 are there")
	}
}

// Features are read as their set reads them, and a stream of them is too.
func TestReaderOfFeatures(t *testing.T) {
	root := t.TempDir()
	for _, class := range []string{"a", "b"} {
		for k, steps := range []int{1, 3, 8, 20, 5} {
			x := make([]float32, steps*4)
			for i := range x {
				x[i] = float32(i) + float32(k)/8
			}
			writeFeatures(t, root, filepath.Join(class, fmt.Sprintf("%d.npy", k)), 4, x...)
		}
	}
	for _, sampling := range []preprocess.Sampling{{Steps: 4, Sample: "random"}, {Steps: 6, Sample: "even"}, {Steps: AllSteps, Sample: "even"}} {
		set, err := features.Open(t.Context(), "features:"+root, features.Options{Steps: sampling.Steps, Sample: sampling.Sample})
		require.NoError(t, err)
		require.Equal(t, sampling, *set.Sampling())
		r := Reader{StepShape: set.StepShape(), Sampling: sampling, Normalisation: set.Normalisation()}
		for part := range datasets.Validation {
			for i := range set.Clips(part) {
				x := make([]float32, set.Steps()*4)
				_, steps, err := set.Read(part, i, x)
				require.NoError(t, err)
				path := filepath.Join(root, set.Group(part, i))
				r.Seed = clipfiles.Seed(path)
				clip, err := r.Read(context.Background(), path)
				require.NoError(t, err)
				require.Equal(t, steps, clip.Steps)
				require.Equal(t, x[:4*steps], clip.X)
				require.Len(t, clip.Frames, steps)

				var all []float32
				for step, err := range r.Each(context.Background(), path) {
					require.NoError(t, err)
					all = append(all, step...)
				}
				file, err := os.ReadFile(path)
				require.NoError(t, err)
				raw := file[len(file)-4*len(all):]
				if sampling.Steps == AllSteps {
					require.Equal(t, clip.X, all)
					again, err := r.ReadFrom(context.Background(), bytes.NewReader(raw))
					require.NoError(t, err)
					require.Equal(t, clip, again)
				}
			}
		}
		wide := r
		wide.StepShape, wide.Normalisation = []int{5}, preprocess.Normalisation{}
		_, err = wide.Read(context.Background(), filepath.Join(root, "a", "0.npy"))
		require.ErrorContains(t, err, "it has 4 features a step, and the model reads 5")
		wide.StepShape = []int{3}
		for _, err := range wide.Each(context.Background(), filepath.Join(root, "a", "0.npy")) {
			require.ErrorContains(t, err, "it has 4 features a step, and the model reads 3")
		}
		_, err = r.ReadFrom(context.Background(), bytes.NewReader(make([]byte, 17)))
		require.ErrorContains(t, err, "within step 1: 1 of the 16 bytes")
	}
}

// What is drawn from a clip depends on the seed and on its content: a file of another
// name, or a stream, has the same draws, and one draw more leaves the others as they are.
func TestReaderDraws(t *testing.T) {
	root := t.TempDir()
	x := make([]float32, 40)
	for k := range x {
		x[k] = float32(k)
	}
	writeFeatures(t, root, "one.npy", 1, x...)
	writeFeatures(t, root, "another.npy", 1, x...)
	writeFeatures(t, root, "short.npy", 1, x[:3]...)
	var raw []byte
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	read := func(seed uint64, draws int, name string) Clip {
		r := Reader{StepShape: []int{1}, Sampling: preprocess.Sampling{Steps: 4, Sample: "random"}, Seed: seed, Draws: draws}
		c, err := r.Read(context.Background(), filepath.Join(root, name))
		if name == "-" {
			c, err = r.ReadFrom(context.Background(), bytes.NewReader(raw))
		}
		require.NoError(t, err)
		require.Equal(t, max(1, draws), c.Draws)
		require.Equal(t, 4, c.Steps)
		require.Len(t, c.Frames, c.Draws*4)
		for k, frame := range c.Frames {
			require.Equal(t, float32(max(0, frame)), c.X[k], "the values are those of the frames that it names")
		}
		return c
	}
	for _, from := range []string{"one.npy", "-"} {
		five := read(1, 5, from)
		require.Equal(t, five.X[:4], read(1, 0, from).X)
		require.Equal(t, five.X[:8], read(1, 2, from).X)
		require.NotEqual(t, five.X[:4], five.X[4:8])
		require.NotEqual(t, five, read(2, 5, from))
	}
	require.Equal(t, read(7, 3, "one.npy"), read(7, 3, "another.npy"))
	require.Equal(t, []int{-1, 0, 1, 2, -1, 0, 1, 2}, read(7, 2, "short.npy").Frames)
}

// writeFeatures writes an array (steps, features) at a path below root.
func writeFeatures(t testing.TB, root, path string, features int, values ...float32) {
	t.Helper()
	path = filepath.Join(root, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	shape := fmt.Sprintf("(%d, %d)", len(values)/features, features)
	require.NoError(t, os.WriteFile(path, npyArray("<f4", shape, f4(values...)), 0o600))
}

// npy writes an array the way numpy does.
func npyArray(descr, shape string, data []byte) []byte {
	return npyWith(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape), data)
}

// npyWith writes an array with any dict.
func npyWith(dict string, data []byte) []byte {
	const start, align = 10, 64
	for (start+len(dict)+1)%align != 0 {
		dict += " "
	}
	dict += "\n"
	b := append([]byte(npy.Magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(append(b, dict...), data...)
}

func f4(values ...float32) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, values)
	return b.Bytes()
}
