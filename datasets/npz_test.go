package datasets

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// array is a member of an npz file that a test writes.
type array struct {
	name string
	npy  []byte
}

// npy writes an array the way numpy does.
func npy(descr, shape string, data []byte) []byte {
	return npyWith(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape), data)
}

// npyWith writes an array with any dict.
func npyWith(dict string, data []byte) []byte {
	const start, align = 10, 64
	for (start+len(dict)+1)%align != 0 {
		dict += " "
	}
	dict += "\n"
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(append(b, dict...), data...)
}

// npz writes an archive the way np.savez and np.savez_compressed do.
func npz(packed bool, arrays ...array) []byte {
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

func writeNPZ(t testing.TB, name string, packed bool, arrays ...array) (path string) {
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
