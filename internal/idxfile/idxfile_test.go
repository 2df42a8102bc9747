package idxfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

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

func anyShape([]int) error { return nil }

// countingReader counts the bytes that are read of a file.
type countingReader struct {
	io.Reader
	n int
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += n
	return n, err
}

// What the shape refuses is not unpacked, however small a file of zeros is packed.
func TestIDXShapeComesFirst(t *testing.T) {
	file := gzipped(encodeIDX([]int32{64 << 20}, make([]byte, 64<<20)))
	r := &countingReader{Reader: bytes.NewReader(file)}
	_, err := Read("x.idx", r, func(shape []int) error { return errors.Errorf("shape is %v, want 10", shape) })
	require.EqualError(t, err, "datasets: x.idx: shape is [67108864], want 10")
	require.Greater(t, len(file), 50_000)
	require.Less(t, r.n, 10_000)
}

func TestIDXRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.Int32Range(1, 5), 1, maxDims).Draw(t, "shape")
		total := 1
		for _, n := range shape {
			total *= int(n)
		}
		data := make([]byte, total)
		start := rapid.Byte().Draw(t, "start")
		for k := range data {
			data[k] = start + byte(k)
		}
		file := encodeIDX(shape, data)
		if rapid.Bool().Draw(t, "gzip") {
			file = gzipped(file)
		}
		a, err := Read("x.idx", bytes.NewReader(file), anyShape)
		require.NoError(t, err)
		assert.Equal(t, data, a.Data)
		require.Len(t, a.Shape, len(shape))
		for k, n := range shape {
			assert.EqualValues(t, n, a.Shape[k])
		}
	})
}

// A file beyond the first buffer, delivered one byte at a time.
func TestIDXGrows(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdefg"), 10_000)
	file := encodeIDX([]int32{17, 10_000}, data)
	a, err := Read("x.idx", iotest.OneByteReader(bytes.NewReader(file)), anyShape)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, a.Data))
	assert.Less(t, cap(a.Data), len(data)*21/20, "little room is kept beyond the data: what Go rounds memory up by")
}

func TestIDXHostile(t *testing.T) {
	const top = 1<<31 - 1
	good := encodeIDX([]int32{2, 3}, []byte("abcdef"))
	badSum := gzipped(good)
	badSum[len(badSum)-8] ^= 1 // the checksum
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "no IDX header: EOF"},
		{"half a header", good[:3], "no IDX header: unexpected EOF"},
		{"text", []byte("label,subject"), "not an IDX file: it starts with 6c 61, want 00 00"},
		{"floats", []byte{0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0}, "IDX elements have type 0x0d, want 0x08 (unsigned bytes)"},
		{"no dimensions", encodeIDX(nil, []byte{1}), "IDX header announces 0 dimensions, want 1 to 8"},
		{"too many dimensions", encodeIDX(make([]int32, 9), nil), "IDX header announces 9 dimensions, want 1 to 8"},
		{"sizes missing", good[:9], "IDX header lacks the sizes of its 2 dimensions: unexpected EOF"},
		{"all sizes missing", good[:4], "IDX header lacks the sizes of its 2 dimensions: EOF"},
		{"zero size", encodeIDX([]int32{2, 0}, nil), "IDX dimension 2 of 2 has size 0, want at least 1"},
		{"negative size", encodeIDX([]int32{-1, 3}, nil), "IDX dimension 1 of 2 has size -1, want at least 1"},
		{"overflow", encodeIDX([]int32{top, top, top}, nil), "IDX header announces 2147483647·2147483647·2147483647 elements, more than this machine can address"},
		{"overflow to one", encodeIDX([]int32{1 << 30, 1 << 30, 1 << 4}, []byte{1}), "IDX header announces 1073741824·1073741824·16 elements, more than this machine can address"},
		{"2·10^9 elements", encodeIDX([]int32{2e3, 1e3, 1e3}, []byte("abc")), "IDX file is cut short: its header announces 2000·1000·1000 = 2000000000 bytes, 3 are there"},
		{"one byte short", good[:len(good)-1], "IDX file is cut short: its header announces 2·3 = 6 bytes, 5 are there"},
		{"trailing", append(bytes.Clone(good), 'g'), "IDX file goes on after the 2·3 = 6 bytes its header announces"},
		{"gzip, 2·10^9 elements", gzipped(encodeIDX([]int32{2e3, 1e3, 1e3}, []byte("abc"))), "IDX file is cut short: its header announces 2000·1000·1000 = 2000000000 bytes, 3 are there"},
		{"gzip, header only", gzipped(good)[:5], "damaged gzip header: unexpected EOF"},
		{"gzip, cut", gzipped(good)[:12], "no IDX header: unexpected EOF"},
		{"gzip, no checksum", gzipped(good)[:len(gzipped(good))-8], "after 6 of 6 bytes: unexpected EOF"},
		{"gzip, wrong checksum", badSum, "after 6 of 6 bytes: gzip: invalid checksum"},
		{"gzip, trailing inside", gzipped(append(bytes.Clone(good), 'g')), "IDX file goes on after the 2·3 = 6 bytes its header announces"},
		{"gzip, trailing outside", append(gzipped(good), "junk after the end"...), "after 6 of 6 bytes: gzip: invalid header"},
		{"gzip, second member", append(gzipped(good), gzipped([]byte("more"))...), "IDX file goes on after the 2·3 = 6 bytes its header announces"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a, err := Read("sub/x.idx", bytes.NewReader(test.file), anyShape)
			runtime.ReadMemStats(&after)
			require.EqualError(t, err, "datasets: sub/x.idx: "+test.want)
			assert.Nil(t, a)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes allocated for a file of %d", len(test.file))
		})
	}
}

// A failing disk is not a short file: its own error has to come through.
func TestIDXReadError(t *testing.T) {
	disk := errors.New("disk on fire")
	file := encodeIDX([]int32{2, 3}, []byte("abcdef"))
	for cut := range len(file) + 1 {
		_, err := Read("x.idx", io.MultiReader(bytes.NewReader(file[:cut]), iotest.ErrReader(disk)), anyShape)
		assert.ErrorIs(t, err, disk, "after %d bytes", cut)
	}
}

func FuzzIDX(f *testing.F) {
	good := encodeIDX([]int32{2, 3}, []byte("abcdef"))
	f.Add(good)
	f.Add(gzipped(good))
	f.Add(good[:7])
	f.Add(encodeIDX([]int32{1e6, 1e6, 1e6}, []byte("abc")))
	f.Add(encodeIDX([]int32{-1, 1}, nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := Read("x.idx", bytes.NewReader(file), anyShape)
		if err != nil {
			assert.ErrorContains(t, err, "datasets: x.idx: ")
			return
		}
		total, sizes := 1, make([]int32, len(a.Shape))
		for k, n := range a.Shape {
			total *= n
			sizes[k] = int32(n)
		}
		assert.Len(t, a.Data, total)
		if file[0] == 0 {
			assert.Equal(t, file, encodeIDX(sizes, a.Data))
		}
	})
}
