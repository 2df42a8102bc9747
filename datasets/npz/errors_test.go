package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/npy"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// The arrays of a good file: two clips of three steps of two values.
var (
	goodX       = testArray{"x", npyArray("<f4", "(2, 3, 2)", f4(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))}
	goodY       = testArray{"y", npyArray("<i8", "(2,)", []byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})}
	goodLengths = testArray{"lengths", npyArray("|u1", "(2,)", []byte{3, 1})}
	goodClasses = testArray{"classes", npyArray("|S3", "(2,)", []byte("offon\x00"))}
)

// openTest opens one file with the normalisation that changes nothing.
func openTest(path string) (datasets.Set, error) {
	return Open("npz:"+path, datasets.Options{Normalisation: &preprocess.Normalisation{}, Classes: []string{"off", "on"}})
}

func TestNPZArrayErrors(t *testing.T) {
	i8 := func(v ...int64) (b []byte) {
		for _, v := range v {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		return b
	}
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	x := func(descr, shape string, size int) testArray {
		return testArray{"x", npyArray(descr, shape, make([]byte, size))}
	}
	dict := func(dict string) testArray { return testArray{"x", npyWith(dict, make([]byte, 48))} }
	damaged := func(dict string) string {
		return fmt.Sprintf("x: npy header that is damaged, or of no plain array: %.80q", dict)
	}
	for name, test := range map[string]struct {
		array testArray // in place of, or besides, the good one
		want  string
	}{
		"good":            {goodX, ""},
		"good uint8":      {x("|u1", "(2, 3, 5)", 30), ""},
		"good Python 2":   {dict("{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L, 2L), }"), ""},
		"good spacing":    {dict(`{"shape":(2,3 , 2),"fortran_order" : False,'descr': '<f4'}`), ""},
		"x float64":       {x("<f8", "(2, 3, 2)", 96), "x is float64; save x.astype('float32')"},
		"x float16":       {x("<f2", "(2, 3, 2)", 24), "x is float16; save x.astype('float32')"},
		"x int64":         {x("<i8", "(2, 3, 2)", 96), "x is int64; save x.astype('float32')"},
		"x bool":          {x("|b1", "(2, 3, 2)", 12), "x is bool; save x.astype('float32')"},
		"x complex":       {x("<c8", "(2, 3, 2)", 96), "x is complex64, want numbers in float32"},
		"x text":          {x("<U2", "(2, 3, 2)", 96), "x is text, want numbers in float32"},
		"x big-endian":    {x(">f4", "(2, 3, 2)", 48), "x is big-endian float32; save x.astype('float32')"},
		"x dates":         {x("<M8[ns]", "(2, 3, 2)", 96), `x: unknown dtype "<M8[ns]"`},
		"x objects":       {x("|O", "(2,)", 20), "x: pickled Python objects; save np.array(x.tolist()), with clips of unequal length padded"},
		"x structured":    {dict("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,), }"), damaged("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,), }")},
		"x Fortran":       {dict("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2), }"), "x: Fortran order; save np.ascontiguousarray(x)"},
		"x two axes":      {x("<f4", "(2, 6)", 48), "x has the shape (2·6), want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value"},
		"x no axes":       {x("<f4", "()", 4), "x has the shape (), want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value"},
		"x no clips":      {x("<f4", "(0, 3, 2)", 0), "x has the shape (0·3·2), every axis must be at least 1, and clips at most 67108864"},
		"x empty step":    {x("<f4", "(2, 3, 0)", 0), "x has the shape (2·3·0), every axis must be at least 1, and clips at most 67108864"},
		"x NaN":           {testArray{"x", npyArray("<f4", "(2, 3, 2)", f4(0, 1, 2, 3, 4, 5, 6, nan, nan, 9, 10, 11))}, "x[1, 0, 1] is NaN, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)"},
		"x infinite":      {testArray{"x", npyArray("<f4", "(2, 3, 2)", f4(0, 1, 2, 3, 4, inf, 6, 7, 8, 9, 10, 11))}, "x[0, 2, 1] is +Inf, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)"},
		"x one too many":  {x("<f4", "(2, 3, 2)", 52), "x: shape (2·3·2) of float32 claims other than the 52 bytes after its header; copy or write the file again"},
		"x one short":     {x("<f4", "(2, 3, 2)", 44), "x: shape (2·3·2) of float32 claims other than the 44 bytes after its header; copy or write the file again"},
		"x 2·10^9":        {x("<f4", "(1000, 1000, 500)", 48), "x: shape (1000·1000·500) of float32 claims other than the 48 bytes after its header; copy or write the file again"},
		"x overflow":      {x("<f4", "(2147483647, 2147483647, 2147483647)", 48), "x: shape (2147483647·2147483647·2147483647) of float32 claims other than the 48 bytes after its header; copy or write the file again"},
		"x wraps to 48":   {x("<f4", fmt.Sprintf("(%d, 1, 1)", math.MaxInt/2+13), 48), fmt.Sprintf("x: shape (%d·1·1) of float32 claims other than the 48 bytes after its header; copy or write the file again", math.MaxInt/2+13)},
		"x no int":        {x("<f4", "(9223372036854775808, 1, 1)", 48), fmt.Sprintf("x: shape (%d·1·1) of float32 claims other than the 48 bytes after its header; copy or write the file again", math.MaxInt)},
		"x not npy":       {testArray{"x", []byte("hello, world")}, `x: not an npy array: it starts with "hello,"`},
		"x empty":         {testArray{"x", nil}, "x: no npy header: EOF"},
		"x version 4":     {testArray{"x", []byte(npy.Magic + "\x04\x00____________")}, "x: npy version 4.0, want 1.0, 2.0 or 3.0"},
		"x long header":   {testArray{"x", []byte(npy.Magic + "\x02\x00\x01\x00\x01\x00{")}, "x: npy header of 65537 bytes, more than 65536"},
		"x cut in header": {testArray{"x", goodX.npy[:40]}, "x: npy header cut short: unexpected EOF"},
		"x two Ls":        {dict("{'descr': '<f4', 'fortran_order': False, 'shape': (2LL, 3, 2), }"), damaged("{'descr': '<f4', 'fortran_order': False, 'shape': (2LL, 3, 2), }")},
		"x only L":        {dict("{'descr': '<f4', 'fortran_order': False, 'shape': (L, 3, 2), }"), damaged("{'descr': '<f4', 'fortran_order': False, 'shape': (L, 3, 2), }")},
		"x negative":      {dict("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3, 2), }"), damaged("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3, 2), }")},
		"x not a tuple":   {dict("{'descr': '<f4', 'fortran_order': False, 'shape': (12), }"), damaged("{'descr': '<f4', 'fortran_order': False, 'shape': (12), }")},
		"x key missing":   {dict("{'descr': '<f4', 'shape': (2, 3, 2), }"), damaged("{'descr': '<f4', 'shape': (2, 3, 2), }")},
		"x key twice":     {dict("{'descr': '<f4', 'shape': (2, 3, 2), 'shape': (2, 3, 2)}"), damaged("{'descr': '<f4', 'shape': (2, 3, 2), 'shape': (2, 3, 2)}")},
		"x trailing":      {dict("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2)} 1"), damaged("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2)} 1")},
		"y float":         {testArray{"y", npyArray("<f4", "(2,)", f4(0, 1))}, "y is float32 of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y half":          {testArray{"y", npyArray("<f2", "(2,)", []byte{0, 0, 0, 0x3c})}, "y is float16 of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y real half":     {testArray{"y", npyArray("<f2", "(2,)", []byte{0, 0x40, 0, 0xbe})}, "y is float16 of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y real":          {testArray{"y", npyArray("<f4", "(2,)", f4(1, 0.25))}, "y is float32 of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y real double":   {testArray{"y", npyArray(">f8", "(2,)", []byte{0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})}, "y is big-endian float64 of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y NaN":           {testArray{"y", npyArray("<f4", "(2,)", f4(nan, 0.25))}, "y is float32 of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y complex":       {testArray{"y", npyArray("<c8", "(2,)", f4(0, 0, 1, 0))}, "y is complex64 of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y bool":          {testArray{"y", npyArray("|b1", "(2,)", []byte{0, 1})}, "y is bool of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y text":          {testArray{"y", npyArray("<U2", "(2,)", i8(0, 1))}, "y is text of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y bytes":         {testArray{"y", npyArray("|S3", "(2,)", []byte("off on"))}, "y is text of shape (2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y objects":       {testArray{"y", npyArray("|O", "(2,)", []byte("pickle"))}, "y: pickled Python objects; save np.array(x.tolist()), with clips of unequal length padded"},
		"y one-hot":       {testArray{"y", npyArray("<i8", "(2, 2)", i8(0, 1, 1, 0))}, "y is int64 of shape (2·2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y one-hot float": {testArray{"y", npyArray("<f4", "(2, 2)", f4(0, 1, 1, 0))}, "y is float32 of shape (2·2), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y column":        {testArray{"y", npyArray("<i8", "(2, 1)", i8(0, 1))}, "y is int64 of shape (2·1), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y by step":       {testArray{"y", npyArray("<i8", "(2, 3, 1)", i8(0, 1, 0, 1, 0, 1))}, "y is int64 of shape (2·3·1), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y three":         {testArray{"y", npyArray("<i8", "(3,)", i8(0, 1, 0))}, "y is int64 of shape (3), want an integer for each of 2 clips; save y.astype('int64'), of one-hot rows y.argmax(axis=1), of names np.unique(y, return_inverse=True)[1]; regression is not supported"},
		"y negative":      {testArray{"y", npyArray("<i8", "(2,)", i8(0, -1))}, "y[1] is -1: a label is 0 to 4095"},
		"y huge":          {testArray{"y", npyArray("<i8", "(2,)", i8(1<<40, 1))}, "y[0] is 1099511627776: a label is 0 to 4095"},
		"y unsigned":      {testArray{"y", npyArray("<u8", "(2,)", i8(-1, 1))}, "y[0] is 9223372036854775807: a label is 0 to 4095"},
		"y too large":     {testArray{"y", npyArray("<i8", "(2,)", i8(0, 2))}, "y[1] is 2, but there are 2 classes, 0 to 1; correct it, or add its name to classes"},
		"lengths 0":       {testArray{"lengths", npyArray("<i8", "(2,)", i8(3, 0))}, "lengths[1] is 0: a clip has 1 to 3 steps, those of x; correct it or leave the clip out"},
		"lengths 4":       {testArray{"lengths", npyArray("<i8", "(2,)", i8(4, 1))}, "lengths[0] is 4: a clip has 1 to 3 steps, those of x; correct it or leave the clip out"},
		"lengths float":   {testArray{"lengths", npyArray("<f4", "(2,)", f4(3, 1))}, "lengths is float32 of shape (2), want an integer for each of 2 clips; save lengths.astype('int64')"},
		"lengths objects": {testArray{"lengths", npyArray("|O", "(2,)", []byte("pickle"))}, "lengths: pickled Python objects; save np.array(x.tolist()), with clips of unequal length padded"},
		"lengths square":  {testArray{"lengths", npyArray("<i8", "(2, 2)", i8(1, 2, 3, 3))}, "lengths is int64 of shape (2·2), want an integer for each of 2 clips; save lengths.astype('int64')"},
		"lengths one":     {testArray{"lengths", npyArray("<i8", "(1,)", i8(3))}, "lengths is int64 of shape (1), want an integer for each of 2 clips; save lengths.astype('int64')"},
		"classes numbers": {testArray{"classes", npyArray("<i8", "(2,)", i8(0, 1))}, "classes is int64 of shape (2), want one axis of text, as in np.array(['walk', 'run'])"},
		"classes objects": {testArray{"classes", npyArray("|O", "(2,)", []byte("pickle"))}, "classes: pickled Python objects; save np.array(x.tolist()), with clips of unequal length padded"},
		"classes 2-D":     {testArray{"classes", npyArray("|S3", "(1, 2)", []byte("off on"))}, "classes is text of shape (1·2), want one axis of text, as in np.array(['walk', 'run'])"},
		"classes one":     {testArray{"classes", npyArray("|S3", "(1,)", []byte("off"))}, "classes has 1 names in 131 bytes, want 2 to 4096 in at most 16777216"},
		"classes equal":   {testArray{"classes", npyArray("|S3", "(3,)", []byte("offon\x00off"))}, `classes[2] is "off", as classes[0] is, "off"; give each its own name`},
		"classes empty":   {testArray{"classes", npyArray("|S3", "(2,)", []byte("off\x00\x00\x00"))}, "classes[1]: a name is empty"},
		"classes latin":   {testArray{"classes", npyArray("|S3", "(2,)", []byte("off\xfcbe"))}, `classes[1]: the name "\xfcbe" is not UTF-8`},
		"classes lines":   {testArray{"classes", npyArray("|S3", "(2,)", []byte("offo\nn"))}, `classes[1]: the name "o\nn" has control characters`},
		"classes rune":    {testArray{"classes", npyArray("<U1", "(2,)", []byte{1, 0, 0, 0xff, 'a', 0, 0, 0})}, `classes[0]: the name "\xff" is not UTF-8`},
		"classes other":   {testArray{"classes", npyArray("|S2", "(2,)", []byte("onup"))}, "classes are on, up, want off, on, as in the checkpoint or the first file"},
		"a typing error":  {testArray{"length", goodLengths.npy}, `array "length" has no use here; did you mean "lengths"? (known: x, y, lengths, classes); rename it, or save without it`},
		"a capital":       {testArray{"X", goodX.npy}, `array "X" has no use here; did you mean "x"? (known: x, y, lengths, classes); rename it, or save without it`},
	} {
		t.Run(name, func(t *testing.T) {
			var arrays []testArray
			for _, a := range []testArray{goodX, goodY, goodLengths, goodClasses} {
				if a.name == test.array.name {
					a = test.array
				}
				arrays = append(arrays, a)
			}
			if len(test.array.name) != 1 && test.array.name != "lengths" && test.array.name != "classes" || test.array.name == "X" {
				arrays = append(arrays, test.array)
			}
			for _, packed := range []bool{false, true} {
				path := writeNPZ(t, "a.npz", packed, arrays...)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				set, err := openTest(path)
				runtime.ReadMemStats(&after)
				assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "bytes allocated")
				if test.want == "" {
					require.NoError(t, err)
					require.NoError(t, set.Close())
					continue
				}
				require.EqualError(t, err, "datasets: "+path+": "+test.want)
				assert.Nil(t, set)
			}
		})
	}
}

// Without names of classes the labels say how many there are; a stray one does
// not make thousands.
func TestNPZStrayLabel(t *testing.T) {
	path := writeNPZ(t, "a.npz", false, goodX, testArray{"y", npyArray("|u1", "(2,)", []byte{0, 20})})
	_, err := Open("npz:"+path+","+path, datasets.Options{})
	require.EqualError(t, err, "datasets: "+path+": y[1] is 20, but there are 2 clips; number the classes from 0, or save their names as classes")
}

// Damage of the archive around the arrays.
func TestNPZArchiveErrors(t *testing.T) {
	good := npz(false, goodX, goodY)
	packed := npz(true, testArray{"x", npyArray("|u1", "(2, 500, 1000)", make([]byte, 1e6))}, goodY)
	noisy := npz(true, testArray{"x", npyArray("|u1", "(2, 60, 120)", noise(60*80*3))}, goodY)
	// patch changes bytes of the entry of x in the directory: those from at on.
	patch := func(file []byte, at int, b ...byte) []byte {
		file = bytes.Clone(file)
		entry := bytes.Index(file, []byte("PK\x01\x02"))
		copy(file[entry+at:], b)
		return file
	}
	const method, sum, packedSize, plainSize, offset = 10, 16, 20, 24, 42
	inData := bytes.Clone(good)
	inData[bytes.Index(good, f4(5, 6))]++
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"empty":            {nil, " is not an npz file, or it is cut short; write it with np.savez: zip: not a valid zip file"},
		"text":             {[]byte("x,y\n1,2\n"), " is not an npz file, or it is cut short; write it with np.savez: zip: not a valid zip file"},
		"cut short":        {good[:len(good)-30], " is not an npz file, or it is cut short; write it with np.savez: zip: not a valid zip file"},
		"npy":              {goodX.npy, " is not an npz file, or it is cut short; write it with np.savez: zip: not a valid zip file"},
		"no x":             {npz(false, goodY, goodLengths), ": array x is missing; save x and y with np.savez"},
		"no y":             {npz(false, goodX), ": array y is missing; save x and y with np.savez"},
		"no arrays":        {npz(false), ": array x is missing; save x and y with np.savez"},
		"x twice":          {npz(false, goodX, goodY, goodX), ": array x is there twice"},
		"flipped bit":      {inData, ": x is damaged, copy or write the file again: zip: checksum error"},
		"wrong checksum":   {patch(good, sum, 1, 2, 3, 4), ": x is damaged, copy or write the file again: zip: checksum error"},
		"bzip2":            {patch(good, method, 12), ": x is damaged, copy or write the file again: zip: unsupported compression algorithm"},
		"not deflated":     {patch(good, method, 8), ": x: no npy header: "},
		"claims more":      {patch(good, packedSize, 0, 0, 0, 0x7f), ": x is damaged, copy or write the file again: zip: not a valid zip file"},
		"unlike sizes":     {patch(good, plainSize, 0, 0, 0, 0x7f), ": x: shape (2·3·2) of float32 claims other than the 2130706304 bytes after its header"},
		"impossible ratio": {patch(packed, plainSize, 0, 0, 0, 0x7f), ": x: shape (2·500·1000) of uint8 claims other than the 2130706304 bytes after its header"},
		"wrong place":      {patch(good, offset, 9), ": x is damaged, copy or write the file again: zip: not a valid zip file"},
		"cut deflate":      {patch(noisy, packedSize, 0, 0x20, 0, 0), ": x is damaged, copy or write the file again: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.npz")
			require.NoError(t, os.WriteFile(path, test.file, 0o600))
			set, err := openTest(path)
			require.Error(t, err)
			assert.Nil(t, set)
			assert.True(t, strings.HasPrefix(err.Error(), "datasets: "+path+test.want), err.Error())
		})
	}
	t.Run("no npy", func(t *testing.T) {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		_, err := w.Create("x.txt")
		require.NoError(t, err)
		require.NoError(t, w.Close())
		path := filepath.Join(t.TempDir(), "a.npz")
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
		_, err = openTest(path)
		assert.EqualError(t, err, "datasets: "+path+`: array "x.txt" has no use here (known: x, y, lengths, classes); rename it, or save without it`)
	})
}

// Mistakes in names and options, and files that do not go together.
func TestNPZOpenErrors(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, arrays := range map[string][]testArray{
		"good":     {goodX, goodY, goodClasses},
		"unnamed":  {goodX, goodY},
		"renamed":  {goodX, goodY, {"classes", npyArray("|S3", "(2,)", []byte("on\x00off"))}},
		"wide":     {{"x", npyArray("<f4", "(2, 2, 3)", make([]byte, 48))}, goodY},
		"channels": {{"x", npyArray("<f4", "(1, 1, 2000000)", make([]byte, 8e6))}, {"y", npyArray("|u1", "(1,)", []byte{1})}},
		"bytes":    {{"x", npyArray("|u1", "(2, 3, 2)", make([]byte, 12))}, goodY},
		"label 2":  {goodX, {"y", npyArray("|u1", "(2,)", []byte{0, 2})}},
		"empty y.": {goodX},
	} {
		require.NoError(t, os.WriteFile(name+".npz", npz(false, arrays...), 0o600))
	}
	require.NoError(t, os.Mkdir("com,ma", 0o700))
	require.NoError(t, os.WriteFile("com,ma/good.npz", npz(false, goodX, goodY), 0o600))
	n := preprocess.Normalisation{Mean: []float64{0}, Std: []float64{1}}
	bad := preprocess.Normalisation{Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}
	for _, test := range []struct {
		name string
		opt  datasets.Options
		want string
	}{
		{"npz:", datasets.Options{}, `datasets: "npz:" is not one or two files, as in npz:TRAIN.npz,TEST.npz; of paths with commas all files must be there`},
		{"npz:good.npz,", datasets.Options{}, `datasets: "npz:good.npz," is not one or two files, as in npz:TRAIN.npz,TEST.npz; of paths with commas all files must be there`},
		{"npz:a,b,c", datasets.Options{}, `datasets: "npz:a,b,c" is not one or two files, as in npz:TRAIN.npz,TEST.npz; of paths with commas all files must be there`},
		{"npz:good.npz,good.npz,good.npz", datasets.Options{}, `datasets: "npz:good.npz,good.npz,good.npz" is not one or two files, as in npz:TRAIN.npz,TEST.npz; of paths with commas all files must be there`},
		{"npz:one,two.npz", datasets.Options{}, "datasets: one: stat one: no such file or directory"},
		{"npz:com,ma/good.npz,com,ma/none.npz", datasets.Options{}, "datasets: \"npz:com,ma/good.npz,com,ma/none.npz\" is not one or two files, as in npz:TRAIN.npz,TEST.npz; of paths with commas all files must be there"},
		{"npz:none.npz", datasets.Options{}, "datasets: npz:none.npz has no training file to measure the normalisation on; want npz:TRAIN.npz,TEST.npz, or a checkpoint or a split such as fold:1/5"},
		{"npz:good.npz", datasets.Options{}, `datasets: npz:good.npz has no training file to measure the normalisation on; want npz:TRAIN.npz,TEST.npz, or a checkpoint or a split such as fold:1/5`},
		{"npz:unnamed.npz", datasets.Options{Normalisation: &n}, "datasets: unnamed.npz: there are no classes; save their names as classes, or give the Classes of a checkpoint"},
		{"npz:none.npz,good.npz", datasets.Options{}, "datasets: none.npz: stat none.npz: no such file or directory"},
		{"npz:good.npz,none.npz", datasets.Options{}, "datasets: none.npz: stat none.npz: no such file or directory"},
		{"npz:" + dir, datasets.Options{Normalisation: &n}, "datasets: " + dir + ": not a regular file"},
		{"npz:good.npz,good.npz", datasets.Options{Split: "random"}, `datasets: npz:good.npz,good.npz has no split "random"; its files are its parts, or give folds of all clips, such as fold:2/5`},
		{"npz:good.npz,good.npz", datasets.Options{Normalise: "chanel"}, `datasets: no normalisation is called "chanel"; did you mean "channel"? (known: auto, channel, global, none, minus128)`},
		{"npz:good.npz,good.npz", datasets.Options{Normalisation: &bad}, "datasets: npz:good.npz,good.npz: normalisation: there are 3 entries, want 0, 1 or 2, the last axis of a step"},
		{"npz:good.npz,good.npz", datasets.Options{Classes: []string{"on", "off"}}, "datasets: good.npz: classes are off, on, want on, off, as in the checkpoint or the first file"},
		{"npz:good.npz,renamed.npz", datasets.Options{}, "datasets: renamed.npz: classes are on, off, want off, on, as in the checkpoint or the first file"},
		{"npz:unnamed.npz,good.npz", datasets.Options{}, "datasets: good.npz: classes are off, on, want 0, 1, as in the checkpoint or the first file"},
		{"npz:channels.npz,channels.npz", datasets.Options{}, "datasets: npz:channels.npz,channels.npz: the last axis of x has 2000000 channels, more than 1048576 to measure apart; normalise global or none"},
		{"npz:good.npz,wide.npz", datasets.Options{}, "datasets: wide.npz: a step of x has the shape (3), but (2) in good.npz; save the same in both"},
		{"npz:good.npz,bytes.npz", datasets.Options{}, "datasets: bytes.npz: x is uint8, but float32 in good.npz; save the same dtype in both"},
		{"npz:good.npz,label 2.npz", datasets.Options{}, "datasets: label 2.npz: y[1] is 2, but there are 2 classes, 0 to 1; correct it, or add its name to classes"},
	} {
		t.Run(test.want, func(t *testing.T) {
			set, err := Open(test.name, test.opt)
			require.EqualError(t, err, test.want)
			assert.Nil(t, set)
		})
	}
}

// Paths may have commas.
func TestNPZCommas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in, out")
	require.NoError(t, os.Mkdir(dir, 0o777))
	t.Chdir(dir)
	for _, name := range []string{"a", "a,b.npz", "b.dat", "c.npz", "c,d.npz"} {
		require.NoError(t, os.WriteFile(name, npz(false, goodX, goodY, goodClasses), 0o600))
	}
	for files, clips := range map[string]int{
		"a,b.npz": 0, "a,b.npz,c.npz": 2, "a,b.npz,c,d.npz": 2, "c,d.npz,a,b.npz": 2, "a,b.dat": 2, "a,c.npz": 2, "c.npz,a": 2,
		dir + "/c.npz," + dir + "/c,d.npz": 2, dir + "/c.npz": 0,
	} {
		set, err := Open("npz:"+files, datasets.Options{Normalisation: &preprocess.Normalisation{}})
		require.NoError(t, err, files)
		assert.Equal(t, clips, set.Clips(datasets.Train), files)
		require.NoError(t, set.Close())
	}
}

func noise(n int) []byte {
	rng, b := rand.New(rand.NewPCG(1, 0)), make([]byte, n)
	for k := range b {
		b[k] = byte(rng.UintN(256))
	}
	return b
}

// é spelt in two ways is one class.
func TestNPZClassesSpeltOtherwise(t *testing.T) {
	names := []byte{'c', 0, 0, 0, 'e', 0, 0, 0, 1, 3, 0, 0, 'c', 0, 0, 0, 0xe9, 0, 0, 0, 0, 0, 0, 0}
	path := writeNPZ(t, "a.npz", false, testArray{"x", npyArray("<f4", "(2, 1, 1)", f4(0, 1))}, testArray{"y", npyArray("|u1", "(2,)", []byte{0, 1})}, testArray{"classes", npyArray("<U3", "(2,)", names)})
	_, err := Open("npz:"+path+","+path, datasets.Options{})
	require.ErrorContains(t, err, `classes[1] is "c\u00e9", as classes[0] is, "ce\u0301"`)
}
