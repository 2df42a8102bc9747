package zoo

import (
	"encoding/binary"
	"io"
	"math"
	"slices"

	"github.com/nlpodyssey/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/cells"
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
	out := make([]byte, 0, v.DataLen())
	switch data := v.p.Value.Data().(type) {
	case []float32:
		for _, f := range data {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
		}
	case []float64:
		for _, f := range data {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(f))
		}
	}
	return out
}

// readTensors reads a safetensors file whose tensors have the names, shapes and
// types of want, and returns them in that order. It looks at everything before
// it takes memory for anything.
func readTensors(data []byte, want []tensorInfo) ([]Tensor, error) {
	file, err := deserialize(data, len(want))
	if err != nil {
		return nil, err
	}
	for _, t := range want {
		view, ok := file.Tensor(t.name)
		if !ok {
			return nil, errors.Errorf("there is no tensor %s, which the spec asks for", t.name)
		}
		if got, ok := shapeOf(view.Shape()); !ok || !got.Eq(tensor.Shape(t.shape)) {
			return nil, errors.Errorf("tensor %s has shape %v; the spec makes it %v", t.name, view.Shape(), t.shape)
		}
		if dt, ok := dtypeOf(view.DType()); !ok || dt != t.dtype {
			return nil, errors.Errorf("tensor %s holds %v; want %v", t.name, view.DType(), t.dtype)
		}
	}
	if n := file.Len(); n != len(want) {
		return nil, errors.Errorf("there are %d tensors; the spec makes %d", n, len(want))
	}
	params := make([]Tensor, len(want))
	for k, t := range want {
		view, _ := file.Tensor(t.name)
		if params[k], err = decode(t.name, view); err != nil {
			return nil, err
		}
	}
	return params, nil
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

// deserialize reads the header of a file of at most so many tensors, which is held
// against its bound before it is parsed.
func deserialize(data []byte, tensors int) (safetensors.SafeTensors, error) {
	const length = 8
	if len(data) >= length {
		if n := binary.LittleEndian.Uint64(data); n > uint64(headMost(tensors)) {
			return safetensors.SafeTensors{}, errors.Errorf("its header claims %d bytes; want at most %d", n, headMost(tensors))
		}
	}
	return safetensors.Deserialize(data)
}

// tensorInfo is what a tensor of a file must be.
type tensorInfo struct {
	name  string
	shape []int
	dtype tensor.Dtype
}

// decode copies a tensor out of a file's bytes. Values that are not finite are
// never written, and so are errors.
func decode(name string, view safetensors.TensorView) (Tensor, error) {
	shape, ok := shapeOf(view.Shape())
	if !ok {
		return Tensor{}, errors.Errorf("tensor %s has shape %v", name, view.Shape())
	}
	var backing any
	switch raw := view.Data(); view.DType() {
	case safetensors.F32:
		values := make([]float32, len(raw)/4)
		for k := range values {
			values[k] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*k:]))
		}
		backing = values
	case safetensors.F64:
		values := make([]float64, len(raw)/8)
		for k := range values {
			values[k] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*k:]))
		}
		backing = values
	default:
		return Tensor{}, errors.Errorf("tensor %s holds %v; want F32 or F64", name, view.DType())
	}
	p := Tensor{name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))}
	if at := p.notFinite(); at >= 0 {
		return Tensor{}, errors.Errorf("tensor %s holds NaN or Inf at element %d", name, at)
	}
	return p, nil
}

// notFinite returns the first element that is NaN or Inf, -1 for none.
func (p Tensor) notFinite() int {
	switch values := p.Value.Data().(type) {
	case []float32:
		return slices.IndexFunc(values, func(v float32) bool { return v-v != 0 })
	case []float64:
		return slices.IndexFunc(values, func(v float64) bool { return v-v != 0 })
	}
	return -1
}

// shapeOf converts a shape of a file, whose product the reader has checked
// against the bytes that are there. Tensors of ours have an axis and elements.
func shapeOf(shape []uint64) (tensor.Shape, bool) {
	var out tensor.Shape
	for _, n := range shape {
		if n < 1 || n > math.MaxInt32 {
			return nil, false
		}
		out = append(out, int(n))
	}
	return out, len(out) > 0
}

func dtypeOf(t safetensors.DType) (tensor.Dtype, bool) {
	switch t {
	case safetensors.F32:
		return tensor.Float32, true
	case safetensors.F64:
		return tensor.Float64, true
	}
	return tensor.Dtype{}, false
}
