package npz

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// writeLarge writes 32 MB of x, 128 clips of 8 steps of 32 KB, a row at a time.
func writeLarge(t testing.TB, packed bool, descr string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "large.npz")
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	w := zip.NewWriter(file)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	member := func(name string) io.Writer {
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: map[bool]uint16{false: zip.Store, true: zip.Deflate}[packed]})
		require.NoError(t, err)
		return m
	}
	_, err = member("y.npy").Write(npyArray("|u1", "(128,)", bytes.Repeat([]byte{0, 1}, 64)))
	require.NoError(t, err)
	x := member("x.npy")
	size := npy.Parse(descr).Size
	_, err = x.Write(npyArray(descr, fmt.Sprintf("(128, 8, %d)", 32<<10/size), nil))
	require.NoError(t, err)
	row := bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, 32<<10/4) // ones, as float32
	for range 128 * 8 {
		_, err := x.Write(row)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return path
}

// A set is read with a small part of its size in memory, packed or not.
func TestNPZStreams(t *testing.T) {
	for _, test := range []struct {
		descr  string
		packed bool
	}{{"|u1", false}, {"<f4", true}} {
		path := writeLarge(t, test.packed, test.descr)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		set, err := Open("npz:"+path+","+path, datasets.Options{})
		require.NoError(t, err)
		x := newClip(set)
		for i := range set.Clips(datasets.Train) {
			_, _, err := set.Read(datasets.Train, i, x)
			require.NoError(t, err)
		}
		runtime.ReadMemStats(&after)
		require.NoError(t, set.Close())
		// A clip of floats is 1 MB at most and a chunk 256 KB: 3 MB in all,
		// but the race detector makes a sync.Pool forget one chunk in four.
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), "%+v", test)
	}
}

// Read allocates nothing that depends on the clip.
func TestNPZReadAllocates(t *testing.T) {
	for _, kind := range kinds {
		set := openFiles(t, golden+"uint8-train"+kind, golden+"uint8-test"+kind, datasets.Options{})
		x := newClip(set)
		allocs := testing.AllocsPerRun(100, func() {
			if _, _, err := set.Read(datasets.Train, 0, x); err != nil {
				t.Fatal(err)
			}
		})
		// The race detector makes a sync.Pool forget at times.
		assert.LessOrEqual(t, allocs, 2.0)
	}
}

func BenchmarkNPZ(b *testing.B) {
	for _, descr := range []string{"|u1", "<f4"} {
		for _, packed := range []bool{false, true} {
			path := writeLarge(b, packed, descr)
			name := npy.Parse(descr).String() + map[bool]string{false: "", true: "/compressed"}[packed]
			b.Run("open/"+name, func(b *testing.B) {
				b.SetBytes(32 << 20)
				b.ReportAllocs()
				for b.Loop() {
					set, err := Open("npz:"+path, datasets.Options{Normalisation: &preprocess.Normalisation{}, Classes: []string{"a", "b"}})
					if err != nil {
						b.Fatal(err)
					}
					set.Close()
				}
			})
			b.Run("read/"+name, func(b *testing.B) {
				set := openFiles(b, path, path, datasets.Options{})
				x := newClip(set)
				b.SetBytes(32 << 20 / 128)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, _, err := set.Read(datasets.Train, i%128, x); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
