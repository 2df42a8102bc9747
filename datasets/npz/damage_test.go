package npz

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/measure"
)

// clipValues is what Read gives for one clip.
type clipValues struct {
	label, steps int
	x            []float32
}

// readPair opens a training and a test file and reads all their clips.
func readPair(train, test string) (clips []clipValues, err error) {
	set, err := Open("npz:"+train+","+test, datasets.Options{Normalise: "none"})
	if err != nil {
		return nil, err
	}
	defer set.Close()
	for _, part := range []datasets.Part{datasets.Train, datasets.Test} {
		for i := range set.Clips(part) {
			c := clipValues{x: newClip(set)}
			if c.label, c.steps, err = set.Read(part, i, c.x); err != nil {
				return nil, err
			}
			clips = append(clips, c)
		}
	}
	return clips, nil
}

// TestDamagedNPZ damages the files of numpy in many ways. Each must be refused
// in one line that names the file, or read as if it were whole: some bytes, as
// the dates in an archive, mean nothing.
//
// TENSORZOO_LONG=1 runs 1,000 cases.
func TestDamagedNPZ(t *testing.T) {
	cases := 100
	if os.Getenv("TENSORZOO_LONG") == "1" {
		cases = 1000
	}
	const limit, memory = 20 * time.Second, 200 << 20
	path := filepath.Join(t.TempDir(), "damaged.npz")
	refused := make(map[string]int)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for seed := range cases {
		rnd := rand.New(rand.NewPCG(uint64(seed), 0))
		kind := kinds[rnd.IntN(2)]
		pair := []string{golden + "uint8-train" + kind, golden + "uint8-test" + kind}
		if rnd.IntN(2) == 0 {
			pair = []string{golden + "float32-train" + kind, golden + "float32-test" + kind}
		}
		want, err := readPair(pair[0], pair[1])
		require.NoError(t, err)
		bad := rnd.IntN(2)
		file, err := os.ReadFile(pair[bad])
		require.NoError(t, err)
		what := damages[seed%len(damages)]
		require.NoError(t, os.WriteFile(path, what.damage(rnd, file), 0o600))
		pair[bad] = path

		var got []clipValues
		done := make(chan error, 1)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					done <- errors.Errorf("panic: %v", p)
				}
			}()
			var err error
			got, err = readPair(pair[0], pair[1])
			done <- err
		}()
		select {
		case err = <-done:
		case <-time.After(limit):
			t.Fatalf("case %d: %s: no answer in %v", seed, what.name, limit)
		}
		if err == nil {
			assert.Equal(t, want, got, "case %d: %s", seed, what.name)
			continue
		}
		refused[what.name]++
		assert.True(t, strings.HasPrefix(err.Error(), "datasets: "), "case %d: %s: %v", seed, what.name, err)
		assert.Contains(t, err.Error(), path, "case %d: %s", seed, what.name)
		assert.NotContains(t, err.Error(), "\n", "case %d: %s", seed, what.name)
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, int64(after.Sys)-int64(before.Sys), int64(memory))
	t.Logf("refused: %v of %d", refused, cases)
}

var damages = []struct {
	name   string
	damage func(rnd *rand.Rand, file []byte) []byte
}{
	{"cut short", func(rnd *rand.Rand, file []byte) []byte { return file[:rnd.IntN(len(file))] }},
	{"flipped bits", func(rnd *rand.Rand, file []byte) []byte { return flip(rnd, file, 0, len(file)) }},
	{"flipped bits of the directory", func(rnd *rand.Rand, file []byte) []byte {
		return flip(rnd, file, bytes.Index(file, []byte("PK\x01\x02")), len(file))
	}},
	{"bytes left out", func(rnd *rand.Rand, file []byte) []byte {
		from := rnd.IntN(len(file))
		to := from + 1 + rnd.IntN(min(40, len(file)-from))
		return append(bytes.Clone(file[:from]), file[to:]...)
	}},
	{"swapped members", func(rnd *rand.Rand, file []byte) []byte {
		arrays := unpack(file)
		rnd.Shuffle(len(arrays), func(i, j int) { arrays[i].name, arrays[j].name = arrays[j].name, arrays[i].name })
		return npz(rnd.IntN(2) == 0, arrays...)
	}},
	{"members left out", func(rnd *rand.Rand, file []byte) []byte {
		arrays := unpack(file)
		k := rnd.IntN(2) // without lengths or classes it would be another good file
		return npz(rnd.IntN(2) == 0, append(arrays[:k:k], arrays[k+1:]...)...)
	}},
	{"wrong header", func(rnd *rand.Rand, file []byte) []byte {
		arrays := unpack(file)
		k := rnd.IntN(len(arrays))
		arrays[k].npy = misspell(rnd, arrays[k].npy)
		return npz(rnd.IntN(2) == 0, arrays...)
	}},
	{"flipped bits of a header", func(rnd *rand.Rand, file []byte) []byte {
		arrays := unpack(file)
		k := rnd.IntN(len(arrays))
		text := bytes.IndexByte(arrays[k].npy, '}')
		arrays[k].npy = flip(rnd, arrays[k].npy, 0, text)
		return npz(rnd.IntN(2) == 0, arrays...)
	}},
	{"cut array", func(rnd *rand.Rand, file []byte) []byte {
		arrays := unpack(file)
		k := rnd.IntN(len(arrays))
		arrays[k].npy = arrays[k].npy[:rnd.IntN(len(arrays[k].npy))]
		return npz(rnd.IntN(2) == 0, arrays...)
	}},
}

// flip changes up to three bits between two places.
func flip(rnd *rand.Rand, data []byte, from, to int) []byte {
	data = bytes.Clone(data)
	for range 1 + rnd.IntN(3) {
		data[from+rnd.IntN(to-from)] ^= 1 << rnd.IntN(8)
	}
	return data
}

// misspell changes a digit, or what else people and programs get wrong.
func misspell(rnd *rand.Rand, npy []byte) []byte {
	npy = bytes.Clone(npy)
	dict := npy[10:]
	shape := bytes.Index(dict, []byte("("))
	switch rnd.IntN(6) {
	case 0: // a size with its digits all nines
		for k := shape; dict[k] != ')'; k++ {
			if dict[k] >= '0' && dict[k] <= '9' {
				dict[k] = '9'
			}
		}
	case 1: // as many values as there is room for in the text
		copy(dict[shape:], "(999999999, 999999999, 999999999, 9), }")
	case 2:
		copy(dict[bytes.Index(dict, []byte("False")):], "True ")
	case 3: // another type
		copy(dict[bytes.IndexByte(dict, ':'):], fmt.Sprintf(": '%c%c%d'", "<>|"[rnd.IntN(3)], "ciufbOVM"[rnd.IntN(8)], rnd.IntN(10)))
	case 4: // another length of the header
		npy[8], npy[9] = byte(rnd.Uint32()), byte(rnd.Uint32())
	case 5: // another version
		npy[6] = byte(rnd.IntN(5))
	}
	return npy
}

// unpack returns the members of a good file.
func unpack(file []byte) (arrays []testArray) {
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		panic(err)
	}
	for _, f := range r.File {
		m, err := f.Open()
		if err != nil {
			panic(err)
		}
		data, err := io.ReadAll(m)
		if err != nil {
			panic(err)
		}
		arrays = append(arrays, testArray{strings.TrimSuffix(f.Name, ".npy"), data})
	}
	return arrays
}

func goldenFiles(t testing.TB) (files [][]byte) {
	paths, err := filepath.Glob(golden + "*.npz")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		files = append(files, file)
	}
	return files
}

// checkFuzzed opens a file as both parts: it is refused in one line, or all
// that Read promises holds.
func checkFuzzed(t *testing.T, data []byte) {
	const name = "f.npz"
	check := func(err error) {
		assert.ErrorContains(t, err, "datasets: "+name)
		assert.NotContains(t, err.Error(), "\n")
	}
	var both []*file
	for range 2 {
		f, err := readFile(name, bytes.NewReader(data), int64(len(data)), false)
		if err != nil {
			check(err)
			return
		}
		both = append(both, f)
	}
	set, err := newSet("npz:f.npz", both, datasets.Options{})
	if err != nil {
		closeAll(both)
		check(err)
		return
	}
	defer set.Close()
	require.NoError(t, set.Normalisation().Check(set.StepShape()))
	x := newClip(set)
	for i := range set.Clips(datasets.Train) {
		label, steps, err := set.Read(datasets.Train, i, x)
		require.NoError(t, err)
		require.Less(t, label, len(set.Classes()))
		require.Equal(t, -1, measure.NotFinite(x))
		require.True(t, 1 <= steps && steps <= set.Steps())
	}
}

// FuzzNPZ tries any file.
func FuzzNPZ(f *testing.F) {
	for _, file := range goldenFiles(f) {
		f.Add(file)
	}
	f.Fuzz(checkFuzzed)
}

// FuzzNPY tries any arrays in a good archive, which a checksum would keep
// FuzzNPZ from.
func FuzzNPY(f *testing.F) {
	for _, file := range goldenFiles(f) {
		of := make(map[string][]byte)
		for _, a := range unpack(file) {
			of[a.name] = a.npy
		}
		f.Add(of["x"], of["y"], of["lengths"], of["classes"])
	}
	f.Fuzz(func(t *testing.T, x, y, lengths, classes []byte) {
		arrays := []testArray{{"x", x}, {"y", y}}
		if len(lengths) > 0 {
			arrays = append(arrays, testArray{"lengths", lengths})
		}
		if len(classes) > 0 {
			arrays = append(arrays, testArray{"classes", classes})
		}
		checkFuzzed(t, npz(len(x)%2 == 0, arrays...))
	})
}
