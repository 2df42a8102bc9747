package idx

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// plantPictures writes the four files of so many pictures. A picture begins with its
// number, counted over both parts, and its label, which is that number modulo 10; the
// rest is drawn from it.
func plantPictures(t testing.TB, train, test int, zip bool) (root string) {
	root = t.TempDir()
	first := 0
	for _, part := range []struct {
		name  string
		clips int
	}{{"train", train}, {"t10k", test}} {
		var data, labels []byte
		for i := first; i < first+part.clips; i++ {
			data = append(data, onePicture(i)...)
			labels = append(labels, byte(i%10))
		}
		first += part.clips
		for name, file := range map[string][]byte{
			"-images-idx3-ubyte": encodeIDX([]int32{int32(part.clips), 28, 28}, data),
			"-labels-idx1-ubyte": encodeIDX([]int32{int32(part.clips)}, labels),
		} {
			if zip {
				name, file = name+".gz", gzipped(file)
			}
			require.NoError(t, os.WriteFile(filepath.Join(root, part.name+name), file, 0o600))
		}
	}
	return root
}

func onePicture(i int) []byte {
	rng := rand.New(rand.NewPCG(uint64(i), 0))
	picture := []byte{byte(i / 256), byte(i), byte(i % 10)}
	for len(picture) < 28*28 {
		picture = append(picture, byte(rng.Uint32()))
	}
	return picture
}

// numbers are those of the pictures in values that are not normalised.
func numbers(x []float32) (all []int) {
	for picture := range slices.Chunk(x, 28*28) {
		all = append(all, 256*int(picture[0])+int(picture[1]))
	}
	return all
}

func openPictureSet(t testing.TB, name string, opt Options) datasets.Set {
	t.Helper()
	s, err := Open(name, opt)
	require.NoError(t, err)
	return s
}

// Cut into steps or not, a picture is its bytes in their order.
func TestPictures(t *testing.T) {
	for _, zip := range []bool{false, true} {
		root := plantPictures(t, 40, 20, zip)
		for sequence, shape := range map[string][]int{
			"": {28, 28}, "rows": {28, 28}, "bands:1": {28, 1, 28}, "bands:4": {7, 4, 28}, "bands:14": {2, 14, 28}, "bands:28": {1, 28, 28}, "pixels": {784, 1},
		} {
			s := openPictureSet(t, "mnist:"+root, Options{Options: datasets.Options{Normalise: "none"}, Sequence: sequence})
			require.Equal(t, shape, append([]int{s.Steps()}, s.StepShape()...))
			require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, s.Classes())
			require.Equal(t, []int{40, 20, 0}, []int{s.Clips(datasets.Train), s.Clips(datasets.Test), s.Clips(datasets.Validation)})
			for p, first := range []int{0, 40} {
				for i := range s.Clips(datasets.Part(p)) {
					x := newClip(s)
					label, steps, err := s.Read(datasets.Part(p), i, x)
					require.NoError(t, err)
					require.Equal(t, (first+i)%10, label)
					require.Equal(t, shape[0], steps)
					want := make([]float32, len(x))
					for k, v := range onePicture(first + i) {
						want[k] = float32(v)
					}
					require.True(t, slices.Equal(want, x))
				}
			}
		}
		s := openPictureSet(t, "fashion:"+root, Options{})
		require.Equal(t, "fashion:"+root+" (official, rows)", s.Name())
		require.Equal(t, "Ankle boot", s.Classes()[9])
		levels := measure.NewMeter(1)
		for i := range 40 {
			levels.Bytes(onePicture(i))
		}
		require.Equal(t, levels.Normalisation(), s.Normalisation(), "one mean of the training part")
		require.Len(t, openPictureSet(t, "fashion:"+root, Options{Options: datasets.Options{Normalise: "channel"}}).Normalisation().Mean, 28)

		given := preprocess.Normalisation{Mean: []float64{5}, Std: []float64{2}}
		s = openPictureSet(t, "fashion:"+root, Options{Options: datasets.Options{Normalisation: &given, Classes: s.Classes()}})
		require.Equal(t, given, s.Normalisation())
		x := newClip(s)
		_, _, err := s.Read(datasets.Test, 1, x)
		require.NoError(t, err)
		require.Equal(t, float32(41-5)/2, x[1])
		for want, read := range map[string]func() error{
			"has no test clip 20, it has 20": func() error { _, _, err := s.Read(datasets.Test, 20, x); return err },
			"has no validation clip 0":       func() error { _, _, err := s.Read(datasets.Validation, 0, x); return err },
			"x has room for 3 values":        func() error { _, _, err := s.Read(datasets.Train, 0, make([]float32, 3)); return err },
		} {
			require.ErrorContains(t, read(), want)
		}
		require.NoError(t, s.Close())
	}
}

// Of several pictures, each is in one clip at most and in its own part; half of the
// clips have one picture of class 0 among them, in any place, and their labels tell.
func TestPictureSequences(t *testing.T) {
	root := plantPictures(t, 700, 300, false)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 100).Draw(t, "pictures")
		split := rapid.SampledFrom([]string{"official", "fold:1/3", "fold:3/3"}).Draw(t, "split")
		opt := Options{Options: datasets.Options{Split: split, Normalise: "none"}, Sequence: fmt.Sprintf("digits:%d", n)}
		s, err := Open("mnist:"+root, opt)
		require.NoError(t, err)
		rows, err := Open("mnist:"+root, Options{Options: datasets.Options{Split: split, Normalise: "none"}})
		require.NoError(t, err)
		require.Equal(t, []string{"without 0", "with 0"}, s.Classes())
		require.Equal(t, []int{n, 28, 28}, append([]int{s.Steps()}, s.StepShape()...))
		seen, places := map[int]bool{}, map[int]bool{}
		for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
			of := map[int]bool{} // of the part, by the same split
			x := newClip(rows)
			for i := range rows.Clips(p) {
				_, _, err := rows.Read(p, i, x)
				require.NoError(t, err)
				of[numbers(x)[0]] = true
			}
			others := len(of) * 9 / 10
			require.InDelta(t, min(others/n, 2*len(of)/10), s.Clips(p), 2, "as many as there are pictures for")
			perClass := [2]int{}
			x = newClip(s)
			for i := range s.Clips(p) {
				label, steps, err := s.Read(p, i, x)
				require.NoError(t, err)
				require.Equal(t, n, steps)
				perClass[label]++
				zeros := 0
				for place, k := range numbers(x) {
					require.True(t, of[k], "of another part")
					require.False(t, seen[k], "twice")
					seen[k] = true
					if k%10 == 0 {
						zeros++
						places[place] = true
					}
				}
				require.Equal(t, label, zeros)
			}
			require.Equal(t, perClass[0], perClass[1])
		}
		if n <= 4 { // a hundred clips and more
			require.Len(t, places, n)
		}
		again, err := Open("mnist:"+root, opt)
		require.NoError(t, err)
		require.Equal(t, s.Fingerprint(), again.Fingerprint())
		for _, p := range []datasets.Part{datasets.Train, datasets.Test} {
			require.Equal(t, s.Clips(p), again.Clips(p))
			for _, i := range []int{0, s.Clips(p) - 1} { // the last one has all draws before it
				x, y := newClip(s), newClip(s)
				_, _, err := s.Read(p, i, x)
				require.NoError(t, err)
				_, _, err = again.Read(p, i, y)
				require.NoError(t, err)
				require.True(t, slices.Equal(x, y))
			}
		}
	})
	_, err := Open("mnist:"+root, Options{Sequence: "digits:136"})
	require.ErrorContains(t, err, `sequence "digits:136": the 300 pictures of the test part are too few`)
}

func TestPictureFolds(t *testing.T) {
	root := plantPictures(t, 40, 20, false)
	var all []int
	prints := map[string]bool{}
	for fold := range 3 {
		s := openPictureSet(t, "mnist:"+root, Options{Options: datasets.Options{Split: fmt.Sprintf("fold:%d/3", fold+1), Normalise: "none"}})
		require.Equal(t, []int{40, 20}, []int{s.Clips(datasets.Train), s.Clips(datasets.Test)})
		perClass := make([]int, 10)
		for i := range s.Clips(datasets.Test) {
			x := newClip(s)
			label, _, err := s.Read(datasets.Test, i, x)
			require.NoError(t, err)
			perClass[label]++
			all = append(all, numbers(x)...)
		}
		require.Equal(t, slices.Repeat([]int{2}, 10), perClass)
		prints[s.Fingerprint()] = true
	}
	slices.Sort(all)
	require.Len(t, slices.Compact(all), 60)
	require.Len(t, prints, 1, "the clips are the same")
	prints[openPictureSet(t, "mnist:"+root, Options{Sequence: "bands:4"}).Fingerprint()] = true
	require.Len(t, prints, 2)
}

func TestPictureErrors(t *testing.T) {
	root := plantPictures(t, 20, 10, false)
	for want, opt := range map[string]Options{
		`there is no sequence "row"; want rows, bands:4 or another divisor of 28`: {Sequence: "row"},
		`sequence "bands:5"; want rows, bands:4 or another divisor of 28`:         {Sequence: "bands:5"},
		`sequence "bands:0"; want`: {Sequence: "bands:0"},
		`sequence "bands"; want`:   {Sequence: "bands"},
		`sequence "digits:0"; want rows, bands:4 or another divisor of 28`:            {Sequence: "digits:0"},
		`sequence "digits:999999999999"; want rows, bands:4 or another divisor of 28`: {Sequence: "digits:999999999999"},
		`there is no sequence "rows:3"`:                                               {Sequence: "rows:3"},
		`there is no split "offical"; did you mean "official"?`:                       {Options: datasets.Options{Split: "offical"}},
		`split "fold:4/3"`:          {Options: datasets.Options{Split: "fold:4/3"}},
		"the classes are 0, 1, 2, ": {Options: datasets.Options{Classes: []string{"a"}}},
		"there are 3 entries":       {Options: datasets.Options{Normalisation: &preprocess.Normalisation{Mean: make([]float64, 3), Std: []float64{1, 1, 1}}}},
	} {
		_, err := Open("mnist:"+root, opt)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "datasets: mnist:"+root)
	}
	_, err := Open("mnist:", Options{})
	require.EqualError(t, err, "datasets: mnist:: no folder; write mnist:FOLDER")

	images, labels := filepath.Join(root, "t10k-images-idx3-ubyte"), filepath.Join(root, "t10k-labels-idx1-ubyte")
	for _, c := range []struct {
		path string
		file []byte
		want string
	}{
		{labels, encodeIDX([]int32{9}, make([]byte, 9)), labels + ": shape is 9, want 10, one value for each clip"},
		{labels, encodeIDX([]int32{10}, slices.Repeat([]byte{10}, 10)), labels + ": clip 0 has the value 10, want less than 10"},
		{labels, []byte("text that is long"), labels + ": not an IDX file"},
		{images, encodeIDX([]int32{1<<20 + 1, 28, 28}, nil), images + ": there are 1048577 pictures, more than 1048576"},
		{images, encodeIDX([]int32{10, 14, 14}, make([]byte, 1960)), images + ": shape is 10·14·14, want (pictures, 28, 28)"},
		{images, encodeIDX([]int32{10, 28, 28}, make([]byte, 60)), images + ": IDX file is cut short"},
		{images, nil, "there is no t10k-images-idx3-ubyte in " + root},
	} {
		before, err := os.ReadFile(c.path)
		require.NoError(t, err)
		require.NoError(t, os.Remove(c.path))
		if c.file != nil {
			require.NoError(t, os.WriteFile(c.path, c.file, 0o600))
		}
		_, err = Open("mnist:"+root, Options{})
		require.ErrorContains(t, err, c.want)
		require.NoError(t, os.WriteFile(c.path, before, 0o600))
	}
	require.NoError(t, os.Remove(images))
	require.NoError(t, os.Mkdir(images, 0o777))
	_, err = Open("mnist:"+root, Options{})
	require.ErrorContains(t, err, images+" is not a regular file")
}

func newClip(set datasets.Set) []float32 {
	return make([]float32, set.Steps()*dims.Size(set.StepShape()))
}

// encodeIDX writes the format from its description, as a reference.
func encodeIDX(shape []int32, data []byte) []byte {
	out := []byte{0, 0, 0x08, byte(len(shape))}
	for _, n := range shape {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return append(out, data...)
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}
