package zoo

import (
	"cmp"
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/nlpodyssey/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/internal/measure"
)

// writeTensors writes tensors in the safetensors format: a JSON header with
// names, types and shapes, then the values in little-endian row-major order.
func writeTensors(w io.Writer, params []Tensor) error {
	views := map[string]tensorView{}
	for _, p := range params {
		views[p.Name] = tensorView{p}
	}
	return safetensors.SerializeToWriter(views, map[string]string{"producer": "tensorzoo"}, w)
}

// tensorView shows a Tensor to the safetensors writer, whose values become bytes
// only when it is their turn.
type tensorView struct{ p Tensor }

func (v tensorView) DType() safetensors.DType {
	if v.p.Value.Dtype() == tensor.Float64 {
		return safetensors.F64
	}
	return safetensors.F32
}

func (v tensorView) Shape() []uint64 {
	var shape []uint64
	for _, n := range v.p.Value.Shape() {
		shape = append(shape, uint64(n))
	}
	return shape
}

func (v tensorView) DataLen() uint64 { return uint64(v.p.Value.Size()) * v.DType().Size() }

func (v tensorView) Data() []byte {
	out, err := binary.Append(make([]byte, 0, v.DataLen()), binary.LittleEndian, v.p.Value.Data())
	if err != nil {
		panic(err) // a Tensor holds floats
	}
	return out
}

// readTensors reads the tensors of a safetensors file, sorted by name. It holds the file's
// header against the bound for so many tensors before it parses it. Values that are not
// finite are never written, and so are errors.
func readTensors(data []byte, most int) ([]Tensor, error) {
	const length = 8
	if len(data) >= length {
		if n := binary.LittleEndian.Uint64(data); n > uint64(headMost(most)) {
			return nil, errors.Errorf("its header claims %d bytes; want at most %d", n, headMost(most))
		}
	}
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, err
	}
	tensors := []Tensor{}
	for _, name := range slices.Sorted(slices.Values(file.Names())) {
		view, _ := file.Tensor(name)
		dtype, known := dtypes[view.DType()]
		shape := shapeOf(view)
		if !known || shape == nil {
			return nil, errors.Errorf("tensor %s holds %v of shape %v; want elements of F32 or F64", name, view.DType(), view.Shape())
		}
		t := Tensor{name, tensor.New(tensor.Of(dtype), tensor.WithShape(shape...))}
		if _, err := binary.Decode(view.Data(), binary.LittleEndian, t.Value.Data()); err != nil {
			return nil, errors.Wrapf(err, "tensor %s", name)
		}
		if at := t.notFinite(); at >= 0 {
			return nil, errors.Errorf("tensor %s holds NaN or Inf at element %d", name, at)
		}
		tensors = append(tensors, t)
	}
	return tensors, nil
}

// readWeights reads the tensors that a model of this spec has, in its order.
func (m *Model) readWeights(data []byte) error {
	want := m.shapes()
	got, err := readTensors(data, len(want))
	if err != nil {
		return err
	}
	for _, p := range want {
		k, found := slices.BinarySearchFunc(got, p.Name, func(t Tensor, name string) int { return cmp.Compare(t.Name, name) })
		switch {
		case !found:
			return errors.Errorf("there is no tensor %s, which the spec asks for", p.Name)
		case !got[k].Value.Shape().Eq(tensor.Shape(p.Shape)):
			return errors.Errorf("tensor %s has shape %v; the spec makes it %v", p.Name, []int(got[k].Value.Shape()), p.Shape)
		case got[k].Value.Dtype() != m.dtype:
			return errors.Errorf("tensor %s holds %v; want %v", p.Name, got[k].Value.Dtype(), m.dtype)
		}
		m.tensors = append(m.tensors, got[k])
	}
	if len(got) != len(want) {
		return errors.Errorf("there are %d tensors; the spec makes %d", len(got), len(want))
	}
	return nil
}

// headMost bounds the JSON header of a file of so many tensors, the metadata of
// whoever wrote it included.
func headMost(tensors int) int64 { return 1<<20 + int64(tensors)<<10 }

// bytesOf returns what the values of tensors take in a file.
func bytesOf(params []cells.Param, dtype tensor.Dtype) (n int64) {
	for _, p := range params {
		n += int64(p.Size()) * int64(dtype.Size())
	}
	return n
}

// dtypes are the types of tensors in files of ours.
var dtypes = map[safetensors.DType]tensor.Dtype{safetensors.F32: tensor.Float32, safetensors.F64: tensor.Float64}

// notFinite returns the first element that is NaN or Inf, -1 for none.
func (p Tensor) notFinite() int {
	if values, double := p.Value.Data().([]float64); double {
		return measure.NotFinite(values)
	}
	return measure.NotFinite(p.Value.Data().([]float32))
}

// shapeOf returns the shape of a file's tensor, whose product the reader has checked against the bytes
// that are there; nil for one without an axis or elements, which ours have.
func shapeOf(view safetensors.TensorView) (shape tensor.Shape) {
	for _, n := range view.Shape() {
		if n < 1 || n > math.MaxInt32 {
			return nil
		}
		shape = append(shape, int(n))
	}
	return shape
}
