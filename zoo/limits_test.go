package zoo

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// What would take time with the square of its length is refused by its length.
func TestSpecBounds(t *testing.T) {
	ones := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }
	chain := func(depth int) string { return strings.Repeat("[", depth) + "1" + strings.Repeat(",1]", depth) }
	for _, test := range []struct{ name, fields, want string }{
		{"deep tree", `"format":"ht","in_modes":[2,2],"out_modes":[2,2],"tree":` + chain(5000), "tree has 5000 pairs; want at most 63"},
		{"wide tree", `"format":"ht","in_modes":[2,2],"out_modes":[2,2],"tree":` + ones(65), "tree has 64 pairs; want at most 63"},
		{"layers", `"in_modes":[2],"out_modes":[2],"upper":[` + strings.TrimSuffix(strings.Repeat("{},", 100_000), ",") + `]`, `spec field "upper" makes 100001 layers; want at most 64`},
		{"input modes", `"format":"tt","ranks":[1],"in_modes":` + ones(65) + `,"out_modes":[2]`, `spec field "in_modes" has 65 entries; want at most 64`},
		{"output modes", `"in_modes":[2],"out_modes":` + ones(65), `spec field "out_modes" has 65 entries; want at most 64`},
		{"modes above", `"in_modes":[2],"out_modes":[2],"upper":[{"out_modes":` + ones(65) + `}]`, `spec field "out_modes" has 65 entries; want at most 64`},
		{"ranks", `"format":"tt","in_modes":[2],"out_modes":[2],"ranks":` + ones(129), `spec field "ranks" has 129 entries; want at most 128`},
		{"recurrent ranks", `"in_modes":[2],"out_modes":[2],"recurrent":{"format":"tt","ranks":` + ones(129) + `}`, `spec field "ranks" has 129 entries; want at most 128`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := ParseSpec([]byte(`{"cell":"lstm","classes":2,` + test.fields + `}`))
			if err == nil {
				_, err = s.stack()
			}
			require.ErrorContains(t, err, test.want)
			require.Less(t, len(err.Error()), 200, "the list itself is not repeated")
		})
	}
	// At the bounds a spec is one.
	s, err := ParseSpec([]byte(`{"cell":"lstm","classes":2,"format":"tt","ranks":[1],"in_modes":` + ones(64) + `,"out_modes":` + ones(64) + `}`))
	require.NoError(t, err)
	_, err = s.stack()
	require.NoError(t, err)
	var tree decomp.Tree
	require.NoError(t, json.Unmarshal([]byte(chain(63)), &tree))
}

// The size of a file is held against the spec before any of it is read. The files here
// have holes: they would fill the memory, and take no disk.
func TestCheckpointBounds(t *testing.T) {
	m := small(t, tensor.Float32)
	values := m.Counts().Model
	large := int64(10 << 30)
	if strconv.IntSize == 32 { // the system opens no file of 2 GiB there
		large = 1 << 30
	}
	for _, test := range []struct {
		name string
		size int64
		most int
	}{
		{weightsFile, large, 4*values + 1<<20 + len(m.Params())<<10},
		{stateFile, large, 4*8*values + 1<<20 + 4*len(m.Params())<<10},
		{headerFile, 1 << 30, headerMost},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "m")
			require.NoError(t, (&Checkpoint{Model: m, Training: []byte("{}"), State: m.Params()}).Save(dir))
			require.NoError(t, os.Truncate(filepath.Join(dir, test.name), test.size))
			_, err := LoadCheckpoint(dir)
			require.EqualError(t, err, fmt.Sprintf("zoo: checkpoint %s: %s: it has %d bytes; want at most %d", dir, test.name, test.size, test.most))
		})
	}
	// A header of safetensors is held against its bound before it is parsed.
	_, err := readTensors([]byte("\xff\xff\xff\x7f\x00\x00\x00\x00{}"), 3)
	require.EqualError(t, err, fmt.Sprintf("its header claims %d bytes; want at most %d", math.MaxInt32, 1<<20+3<<10))
}

// What Load would refuse is not saved.
func TestSaveBounds(t *testing.T) {
	m := small(t, tensor.Float32)
	dir := filepath.Join(t.TempDir(), "m")
	n := 4*len(m.Params()) + 1
	c := &Checkpoint{Model: m, Training: []byte("{}")}
	for len(c.State) < n {
		c.State = append(c.State, m.Params()[0])
	}
	require.ErrorContains(t, c.Save(dir), fmt.Sprintf("the optimiser has %d tensors; want at most %d, 4 a parameter", n, n-1))
	m.ClassNames[1] = "caf\xe9"
	require.ErrorContains(t, m.Save(dir), `class_names[1]: the name "caf\xe9" is not UTF-8`)
	_, err := os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
}
