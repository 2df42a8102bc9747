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
		return fmt.Sprintf("x: damaged npy header: %.80q", dict)
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
		"x int64":         {x("<i8", "(2, 3, 2)", 96), "x is int64; save x.astype('float32'), or x.astype('uint8') for levels from 0 to 255"},
		"x bool":          {x("|b1", "(2, 3, 2)", 12), "x is bool; save x.astype('float32'), or x.astype('uint8') for levels from 0 to 255"},
		"x complex":       {x("<c8", "(2, 3, 2)", 96), "x is complex64; save np.stack([x.real, x.imag], axis=-1).astype('float32')"},
		"x text":          {x("<U2", "(2, 3, 2)", 96), "x is text, want numbers, uint8 or float32"},
		"x big-endian":    {x(">f4", "(2, 3, 2)", 48), "x is big-endian; save x.astype('<f4')"},
		"x dates":         {x("<M8[ns]", "(2, 3, 2)", 96), `x has the unknown dtype "<M8[ns]"`},
		"x objects":       {x("|O", "(2,)", 20), "x holds pickled Python objects; save numbers, unequal clips padded to the same steps with their lengths"},
		"x structured":    {dict("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,), }"), "x: structured dtype; save its fields as one plain array"},
		"x Fortran":       {dict("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2), }"), "x is in Fortran order; save np.ascontiguousarray(x)"},
		"x two axes":      {x("<f4", "(2, 6)", 48), "x has the shape (2·6), want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value"},
		"x no axes":       {x("<f4", "()", 4), "x has the shape (), want (clips, steps, n_1, ..., n_d) with at least three axes; save x[..., None] for steps of one value"},
		"x no clips":      {x("<f4", "(0, 3, 2)", 0), "x has the shape (0·3·2), every axis must be at least 1"},
		"x empty step":    {x("<f4", "(2, 3, 0)", 0), "x has the shape (2·3·0), every axis must be at least 1"},
		"x NaN":           {testArray{"x", npyArray("<f4", "(2, 3, 2)", f4(0, 1, 2, 3, 4, 5, 6, nan, nan, 9, 10, 11))}, "x[1, 0, 1] is NaN, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)"},
		"x infinite":      {testArray{"x", npyArray("<f4", "(2, 3, 2)", f4(0, 1, 2, 3, 4, inf, 6, 7, 8, 9, 10, 11))}, "x[0, 2, 1] is +Inf, want finite numbers in all steps of a clip; leave them out, or np.nan_to_num(x)"},
		"x one too many":  {x("<f4", "(2, 3, 2)", 52), "x is damaged, copy or write the file again: its shape (2·3·2) of float32 needs 48 bytes after a header of 128, it has 180"},
		"x one short":     {x("<f4", "(2, 3, 2)", 44), "x is damaged, copy or write the file again: its shape (2·3·2) of float32 needs 48 bytes after a header of 128, it has 172"},
		"x 2·10^9":        {x("<f4", "(1000, 1000, 500)", 48), "x is damaged, copy or write the file again: its shape (1000·1000·500) of float32 needs 2000000000 bytes after a header of 128, it has 176"},
		"x overflow":      {x("<f4", "(2147483647, 2147483647, 2147483647)", 48), "x claims the shape (2147483647·2147483647·2147483647), more than this machine can address"},
		"x wraps to 48":   {x("<f4", fmt.Sprintf("(%d, 1, 1)", math.MaxInt/2+13), 48), fmt.Sprintf("x claims the shape (%d·1·1), more than this machine can address", math.MaxInt/2+13)},
		"x no int":        {x("<f4", "(9223372036854775808, 1, 1)", 48), `x: npy header with a size that this machine cannot address: "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808, 1, 1), }"`},
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
		"y float":         {testArray{"y", npyArray("<f4", "(2,)", f4(0, 1))}, "y is float32; save y.astype('int64')"},
		"y half":          {testArray{"y", npyArray("<f2", "(2,)", []byte{0, 0, 0, 0x3c})}, "y is float16; save y.astype('int64')"},
		"y real half":     {testArray{"y", npyArray("<f2", "(2,)", []byte{0, 0x40, 0, 0xbe})}, "y[1] is -1.5, and labels are the numbers of classes: regression is not supported; make classes of ranges, with np.digitize(y, edges)"},
		"y real":          {testArray{"y", npyArray("<f4", "(2,)", f4(1, 0.25))}, "y[1] is 0.25, and labels are the numbers of classes: regression is not supported; make classes of ranges, with np.digitize(y, edges)"},
		"y real double":   {testArray{"y", npyArray(">f8", "(2,)", []byte{0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})}, "y[0] is 1.5, and labels are the numbers of classes: regression is not supported; make classes of ranges, with np.digitize(y, edges)"},
		"y NaN":           {testArray{"y", npyArray("<f4", "(2,)", f4(nan, 0.25))}, "y[0] is NaN, want the number of a class for each clip; leave out those that have none"},
		"y complex":       {testArray{"y", npyArray("<c8", "(2,)", f4(0, 0, 1, 0))}, "y is complex64, want the number of a class for each clip"},
		"y bool":          {testArray{"y", npyArray("|b1", "(2,)", []byte{0, 1})}, "y is bool; save y.astype('int64')"},
		"y text":          {testArray{"y", npyArray("<U2", "(2,)", i8(0, 1))}, "y is text; write classes, y = np.unique(y, return_inverse=True), and save both"},
		"y bytes":         {testArray{"y", npyArray("|S3", "(2,)", []byte("off on"))}, "y is text; write classes, y = np.unique(y, return_inverse=True), and save both"},
		"y objects":       {testArray{"y", npyArray("|O", "(2,)", []byte("pickle"))}, "y holds pickled Python objects; save y.astype('int64'), or of names classes, y = np.unique(y.astype(str), return_inverse=True)"},
		"y one-hot":       {testArray{"y", npyArray("<i8", "(2, 2)", i8(0, 1, 1, 0))}, "y has the shape (2·2), want one axis, an integer for each clip; if its rows are one-hot, save y.argmax(axis=1)"},
		"y one-hot float": {testArray{"y", npyArray("<f4", "(2, 2)", f4(0, 1, 1, 0))}, "y has the shape (2·2), want one axis, an integer for each clip; if its rows are one-hot, save y.argmax(axis=1)"},
		"y column":        {testArray{"y", npyArray("<i8", "(2, 1)", i8(0, 1))}, "y has the shape (2·1), want one axis, an integer for each clip; save y.ravel()"},
		"y by step":       {testArray{"y", npyArray("<i8", "(2, 3, 1)", i8(0, 1, 0, 1, 0, 1))}, "y has the shape (2·3·1), want one axis, an integer for each clip"},
		"y three":         {testArray{"y", npyArray("<i8", "(3,)", i8(0, 1, 0))}, "y has 3 values, x has 2 clips; save one for each"},
		"y negative":      {testArray{"y", npyArray("<i8", "(2,)", i8(0, -1))}, "y[1] is -1: a label is at least 0"},
		"y huge":          {testArray{"y", npyArray("<i8", "(2,)", i8(1<<40, 1))}, "y[0] is 1099511627776: a label is less than 4096"},
		"y unsigned":      {testArray{"y", npyArray("<u8", "(2,)", i8(-1, 1))}, "y[0] is 9223372036854775807: a label is less than 4096"},
		"y too large":     {testArray{"y", npyArray("<i8", "(2,)", i8(0, 2))}, "y[1] is 2, but there are 2 classes, 0 to 1; correct it, or add its name to classes"},
		"lengths 0":       {testArray{"lengths", npyArray("<i8", "(2,)", i8(3, 0))}, "lengths[1] is 0: a clip has 1 to 3 steps, those of x; correct it or leave the clip out"},
		"lengths 4":       {testArray{"lengths", npyArray("<i8", "(2,)", i8(4, 1))}, "lengths[0] is 4: a clip has 1 to 3 steps, those of x; correct it or leave the clip out"},
		"lengths float":   {testArray{"lengths", npyArray("<f4", "(2,)", f4(3, 1))}, "lengths is float32; save lengths.astype('int64')"},
		"lengths objects": {testArray{"lengths", npyArray("|O", "(2,)", []byte("pickle"))}, "lengths holds pickled Python objects; save lengths.astype('int64')"},
		"lengths square":  {testArray{"lengths", npyArray("<i8", "(2, 2)", i8(1, 2, 3, 3))}, "lengths has the shape (2·2), want one axis, an integer for each clip"},
		"lengths one":     {testArray{"lengths", npyArray("<i8", "(1,)", i8(3))}, "lengths has 1 values, x has 2 clips; save one for each"},
		"classes numbers": {testArray{"classes", npyArray("<i8", "(2,)", i8(0, 1))}, "classes is int64, want text, as in np.array(['walk', 'run'])"},
		"classes objects": {testArray{"classes", npyArray("|O", "(2,)", []byte("pickle"))}, "classes holds pickled Python objects; save classes.astype(str)"},
		"classes 2-D":     {testArray{"classes", npyArray("|S3", "(1, 2)", []byte("off on"))}, "classes has the shape (1·2), want one axis of names"},
		"classes one":     {testArray{"classes", npyArray("|S3", "(1,)", []byte("off"))}, "classes has 1 names, want 2 to 4096"},
		"classes equal":   {testArray{"classes", npyArray("|S3", "(3,)", []byte("offon\x00off"))}, `classes[2] is "off", as classes[0] is; give every class its own name`},
		"classes empty":   {testArray{"classes", npyArray("|S3", "(2,)", []byte("off\x00\x00\x00"))}, "classes[1]: a name is empty; give the class another name"},
		"classes latin":   {testArray{"classes", npyArray("|S3", "(2,)", []byte("off\xfcbe"))}, `classes[1]: the name "\xfcbe" is not UTF-8; give the class another name`},
		"classes lines":   {testArray{"classes", npyArray("|S3", "(2,)", []byte("offo\nn"))}, `classes[1]: the name "o\nn" has control characters; give the class another name`},
		"classes rune":    {testArray{"classes", npyArray("<U1", "(2,)", []byte{1, 0, 0, 0xff, 'a', 0, 0, 0})}, `classes[0]: the name "\xff" is not UTF-8; give the class another name`},
		"classes other":   {testArray{"classes", npyArray("|S2", "(2,)", []byte("onup"))}, "classes are on, up, but off, on of the checkpoint; save the same in both"},
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
	const flags, method, sum, packedSize, plainSize, offset = 8, 10, 16, 20, 24, 42
	inData := bytes.Clone(good)
	inData[bytes.Index(good, f4(5, 6))]++
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"empty":            {nil, " is not an npz file, or it is cut short; write it with np.savez: zip: not a valid zip file"},
		"text":             {[]byte("x,y\n1,2\n"), " is not an npz file, or it is cut short; write it with np.savez: zip: not a valid zip file"},
		"cut short":        {good[:len(good)-30], " is not an npz file, or it is cut short; write it with np.savez: zip: not a valid zip file"},
		"npy":              {goodX.npy, ": this is a single .npy array, not an npz file; write x and y with np.savez"},
		"no x":             {npz(false, goodY, goodLengths), ": array x is missing, those there are: y, lengths"},
		"no y":             {npz(false, goodX), ": array y is missing, those there are: x"},
		"no arrays":        {npz(false), ": array x is missing, those there are: none"},
		"x twice":          {npz(false, goodX, goodY, goodX), ": array x is there twice"},
		"flipped bit":      {inData, ": x is damaged, copy or write the file again: zip: checksum error"},
		"wrong checksum":   {patch(good, sum, 1, 2, 3, 4), ": x is damaged, copy or write the file again: zip: checksum error"},
		"encrypted":        {patch(good, flags, 1), ": x is encrypted; write the file with np.savez"},
		"bzip2":            {patch(good, method, 12), ": x is packed with zip method 12; write the file with np.savez or np.savez_compressed"},
		"not deflated":     {patch(good, method, 8), ": x: no npy header: "},
		"claims more":      {patch(good, packedSize, 0, 0, 0, 0x7f), ": x is damaged, copy or write the file again: it claims 2130706432 bytes at "},
		"unlike sizes":     {patch(good, plainSize, 0, 0, 0, 0x7f), ": x is damaged, copy or write the file again: it claims 2130706432 bytes, stored as 176"},
		"impossible ratio": {patch(packed, plainSize, 0, 0, 0, 0x7f), ": x is damaged, copy or write the file again: it claims 2130706432 bytes, which 1"},
		"wrong place":      {patch(good, offset, 9), ": x is damaged, copy or write the file again: zip: not a valid zip file"},
		"cut deflate":      {patch(noisy, packedSize, 0, 0x20, 0, 0), ": x is damaged, copy or write the file again: it does not have the 14528 bytes it claims"},
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
		assert.EqualError(t, err, "datasets: "+path+`: array "x.txt" has no use here (known: x, y, lengths, classes); save without it`)
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
	for _, name := range []string{"com,ma/good.npz", "p", "q,r", "p,q", "r"} {
		require.NoError(t, os.WriteFile(name, npz(false, goodX, goodY), 0o600))
	}
	n := preprocess.Normalisation{Mean: []float64{0}, Std: []float64{1}}
	bad := preprocess.Normalisation{Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}
	for _, test := range []struct {
		name string
		opt  datasets.Options
		want string
	}{
		{"npz:", datasets.Options{}, `datasets: "npz:" names no files; write "npz:train.npz,test.npz" or "npz:test.npz"`},
		{"npz:good.npz,", datasets.Options{}, `datasets: "npz:good.npz," names no files; write "npz:train.npz,test.npz" or "npz:test.npz"`},
		{"npz:a,b,c", datasets.Options{}, `datasets: "npz:a,b,c" names 3 files; write "npz:train.npz,test.npz" or "npz:test.npz"; of paths with commas all files must be there`},
		{"npz:good.npz,good.npz,good.npz", datasets.Options{}, `datasets: "npz:good.npz,good.npz,good.npz" names 3 files; write "npz:train.npz,test.npz" or "npz:test.npz"; of paths with commas all files must be there`},
		{"npz:one,two.npz", datasets.Options{}, "datasets: one: no such file"},
		{"npz:com,ma/good.npz,com,ma/none.npz", datasets.Options{}, "datasets: com,ma/none.npz: no such file"},
		{"npz:p,q,r", datasets.Options{}, `datasets: p,q,r may be the files ["p" "q,r"] or ["p,q" "r"]; rename one`},
		{"npz:none.npz", datasets.Options{}, "datasets: none.npz: no such file"},
		{"npz:good.npz", datasets.Options{}, `datasets: npz:good.npz has no training file to measure the normalisation on; write "npz:train.npz,test.npz", a test file alone is for a checkpoint, which knows the normalisation, or for a split into folds such as fold:1/5`},
		{"npz:unnamed.npz", datasets.Options{Normalisation: &n}, "datasets: unnamed.npz: there are no classes; save their names as classes, or give the Classes of a checkpoint"},
		{"npz:none.npz,good.npz", datasets.Options{}, "datasets: none.npz: no such file"},
		{"npz:good.npz,none.npz", datasets.Options{}, "datasets: none.npz: no such file"},
		{"npz:" + dir, datasets.Options{Normalisation: &n}, "datasets: " + dir + " is not a regular file, want an npz file"},
		{"npz:good.npz,good.npz", datasets.Options{Split: "random"}, `datasets: npz:good.npz,good.npz has no split "random"; its files are its parts, or give folds of all clips, such as fold:2/5`},
		{"npz:good.npz,good.npz", datasets.Options{Normalise: "chanel"}, `datasets: no normalisation is called "chanel"; did you mean "channel"? (known: auto, channel, global, none, minus128)`},
		{"npz:good.npz,good.npz", datasets.Options{Normalisation: &bad}, "datasets: npz:good.npz,good.npz: normalisation: there are 3 entries, want 0, 1 or 2, the last axis of a step"},
		{"npz:good.npz,good.npz", datasets.Options{Classes: []string{"on", "off"}}, "datasets: good.npz: classes are off, on, but on, off of the checkpoint; save the same in both"},
		{"npz:good.npz,renamed.npz", datasets.Options{}, "datasets: renamed.npz: classes are on, off, but off, on in good.npz; save the same in both"},
		{"npz:unnamed.npz,good.npz", datasets.Options{}, "datasets: good.npz: classes are off, on, but 0, 1 in unnamed.npz, which has no array classes; save the same in both"},
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
	require.ErrorContains(t, err, `classes[1] is "cé", as classes[0] is`)
}
