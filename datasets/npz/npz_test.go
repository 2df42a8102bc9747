package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// testArray is a member of an npz file that a test writes.
type testArray struct {
	name string
	npy  []byte
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

// npz writes an archive the way np.savez and np.savez_compressed do.
func npz(packed bool, arrays ...testArray) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, a := range arrays {
		method := zip.Store
		if packed {
			method = zip.Deflate
		}
		m, err := w.CreateHeader(&zip.FileHeader{Name: a.name + ".npy", Method: method})
		if err == nil {
			_, err = m.Write(a.npy)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func writeNPZ(t testing.TB, name string, packed bool, arrays ...testArray) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, npz(packed, arrays...), 0o600))
	return path
}

func f4(values ...float32) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, values)
	return b.Bytes()
}

// Clips that a model is asked about need no labels, in a file of any name.
func TestOpenClips(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a,b")
	x := npyArray("|u1", "(2, 1, 3)", []byte{1, 2, 3, 4, 5, 6})
	require.NoError(t, os.WriteFile(path, npz(false, testArray{"x", x}), 0o666))
	opt := datasets.Options{Normalisation: &preprocess.Normalisation{}, Classes: []string{"a", "b"}}
	set, err := OpenClips(path, *opt.Normalisation, opt.Classes)
	require.NoError(t, err)
	require.Equal(t, 2, set.Clips(datasets.Test))
	values := newClip(set)
	label, steps, err := set.Read(datasets.Test, 1, values)
	require.NoError(t, err)
	require.Equal(t, []int{-1, 1}, []int{label, steps})
	require.Equal(t, []float32{4, 5, 6}, values)
	require.NoError(t, set.Close())
	_, err = Open("npz:"+path, opt)
	require.Error(t, err, "two files, of which there is none")
}

func newClip(set datasets.Set) []float32 {
	return make([]float32, set.Steps()*dims.Size(set.StepShape()))
}
