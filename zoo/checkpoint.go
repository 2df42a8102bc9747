package zoo

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

const (
	// checkpointVersion is the version of the format that Save writes. Load reads this version and all
	// earlier ones; docs/checkpoints.md describes it.
	checkpointVersion = 1

	checkpointFormat = "tensorzoo checkpoint"
	weightsFile      = "model.safetensors"
	stateFile        = "optimizer.safetensors"
	headerFile       = "checkpoint.json"

	// headerMost bounds checkpoint.json. A million means and deviations, which no
	// set has more of, take half of it.
	headerMost = 128 << 20
	// slotsMost is the most tensors that an optimiser keeps per parameter.
	slotsMost = 4
)

// Checkpoint is a model on disk, and the training that made it.
type Checkpoint struct {
	Model *Model
	// Training is what package train needs to resume, as JSON; nil for a model that is not in training.
	Training json.RawMessage
	// State holds the optimiser's tensors; without them, nil, the training cannot resume.
	State []Tensor
}

// header is the file checkpoint.json.
type header struct {
	Format   string          `json:"format"`
	Version  int             `json:"version"`
	Model    modelHeader     `json:"model"`
	Training json.RawMessage `json:"training,omitempty"`
}

type modelHeader struct {
	Name       string   `json:"name"`
	Spec       Spec     `json:"spec"` // Spec.Classes is the number of classes
	Seed       uint64   `json:"seed"`
	Dtype      string   `json:"dtype"` // float32 or float64
	ClassNames []string `json:"class_names,omitempty"`
	Input      *Input   `json:"input,omitempty"`
}

// Save writes the model to the folder dir, where the earlier checkpoint stays until the new one is
// complete. It returns an error when a weight is not finite, when Load would refuse the model's
// metadata, or when dir cannot be written; the earlier checkpoint is then still there.
func (m *Model) Save(dir string) error { return (&Checkpoint{Model: m}).Save(dir) }

// Save is Model.Save, training included.
func (c *Checkpoint) Save(dir string) error {
	m := c.Model
	if err := c.check(); err != nil {
		return errors.Errorf("zoo: %s is not saved: %s", dir, strings.TrimPrefix(err.Error(), "zoo: "))
	}
	h := header{Format: checkpointFormat, Version: checkpointVersion, Training: c.Training, Model: modelHeader{
		Name: m.Name, Spec: m.spec, Seed: m.seed, Dtype: m.dtype.String(), ClassNames: m.ClassNames, Input: m.Input,
	}}
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return errors.Wrapf(err, "zoo: %s: %s", dir, headerFile)
	}
	if len(text) >= headerMost {
		return errors.Errorf("zoo: %s is not saved: %s would have %d bytes; want fewer than %d", dir, headerFile, len(text), headerMost)
	}
	files := []durable.File{
		{Name: weightsFile, Write: func(w io.Writer) error { return writeTensors(w, m.tensors) }},
		{Name: headerFile, Write: func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }},
	}
	if c.State != nil {
		files = append(files, durable.File{Name: stateFile, Write: func(w io.Writer) error { return writeTensors(w, c.State) }})
	}
	return errors.Wrapf(durable.WriteDir(dir, files...), "zoo: %s could not be saved", dir)
}

// check returns an error for what Load would refuse.
func (c *Checkpoint) check() error {
	m := c.Model
	// A format may be one that is not registered.
	if err := cmp.Or(m.checkMetadata(), new(Spec).UnmarshalJSON([]byte(m.spec.String()))); err != nil {
		return err
	}
	if n := slotsMost * len(m.tensors); len(c.State) > n {
		return errors.Errorf("the optimiser has %d tensors; want at most %d, %d a parameter", len(c.State), n, slotsMost)
	}
	for _, t := range slices.Concat(m.tensors, c.State) {
		if at := t.notFinite(); at >= 0 {
			return errors.Errorf("%s holds NaN or Inf at element %d", t.Name, at)
		}
	}
	return nil
}

// Load returns the model of the checkpoint in dir with its weights, to Build into a graph of your own or
// to train further. It returns an error that names the file when the checkpoint is damaged or from a
// later release, or when its tensors do not match its spec.
func Load(dir string) (*Model, error) {
	var c Checkpoint
	err := read(dir, c.readModel)
	return c.Model, err
}

// LoadCheckpoint is Load, training included.
func LoadCheckpoint(dir string) (*Checkpoint, error) {
	c := &Checkpoint{}
	err := read(dir, func(f *durable.Folder) error { // all of one folder: a run may be writing the next one
		if err := c.readModel(f); err != nil || !f.Has(stateFile) { // or for use
			return err
		}
		tensors := slotsMost * len(c.Model.shapes())
		state, err := f.File(stateFile, slotsMost*bytesOf(c.Model.shapes(), tensor.Float64)+headMost(tensors))
		if err != nil {
			return err
		}
		c.State, err = readTensors(state, tensors)
		return errors.Wrap(err, stateFile)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// LoadFS is Load for a folder in fsys, such as one that a program has embedded. Of a
// folder on disk that may be written meanwhile, Load reads one whole checkpoint.
func LoadFS(fsys fs.FS, dir string) (*Model, error) {
	var c Checkpoint
	folder, err := fs.Sub(fsys, dir)
	if err == nil {
		err = durable.ReadFS(folder, c.readModel)
	}
	return c.Model, errors.Wrapf(err, "zoo: checkpoint %s", dir)
}

// read opens the folder of a checkpoint.
func read(dir string, files func(f *durable.Folder) error) error {
	err := durable.ReadDir(dir, files)
	if best := filepath.Join(dir, "best"); err != nil && durable.Exists(best) {
		return errors.Errorf("zoo: %s is the folder of a run; its checkpoint is %s", dir, best)
	}
	return errors.Wrapf(err, "zoo: checkpoint %s", dir)
}

// readModel reads the weights once the spec says how large they may be.
func (c *Checkpoint) readModel(f *durable.Folder) error {
	head, err := f.File(headerFile, headerMost)
	if err != nil {
		return err
	}
	m, training, err := decodeHeader(head)
	if err != nil {
		return err
	}
	weights, err := f.File(weightsFile, bytesOf(m.shapes(), m.dtype)+headMost(len(m.shapes())))
	if err != nil {
		return err
	}
	if err := m.readWeights(weights); err != nil {
		return errors.Wrap(err, weightsFile)
	}
	c.Model, c.Training = m, training
	return nil
}

// decodeHeader makes a model without weights of the content of checkpoint.json.
func decodeHeader(head []byte) (m *Model, training json.RawMessage, err error) {
	defer func() { err = errors.Wrap(err, headerFile) }()
	// The version comes first: a later one may have other fields.
	var v struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(head, &v); err != nil {
		return nil, nil, errors.Wrap(err, "not valid JSON")
	}
	if v.Format != checkpointFormat {
		return nil, nil, errors.Errorf("format is %q; want %q", v.Format, checkpointFormat)
	}
	if v.Version < 1 || v.Version > checkpointVersion {
		return nil, nil, errors.Errorf("format version is %d; this release reads 1 to %d, a later one may read more", v.Version, checkpointVersion)
	}
	var h header
	dec := json.NewDecoder(bytes.NewReader(head))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return nil, nil, err
	}
	dtype, known := map[string]tensor.Dtype{"float32": tensor.Float32, "float64": tensor.Float64}[h.Model.Dtype]
	if !known {
		return nil, nil, errors.Errorf("dtype is %q%s", h.Model.Dtype, didyoumean.Hint(h.Model.Dtype, []string{"float32", "float64"}))
	}
	if m, err = withoutWeights(h.Model.Spec, Options{Seed: h.Model.Seed, Dtype: dtype}); err != nil {
		return nil, nil, err
	}
	m.Name, m.ClassNames, m.Input = h.Model.Name, h.Model.ClassNames, h.Model.Input
	return m, h.Training, m.checkMetadata()
}

// checkMetadata returns an error for names that could not be shown, and for an Input
// that is not the model's.
func (m *Model) checkMetadata() error {
	if n := len(m.ClassNames); n != 0 && n != m.Classes() {
		return errors.Errorf("class_names has %d names, the spec %d classes", n, m.Classes())
	}
	var err error
	if m.Name != "" {
		err = errors.Wrap(names.Check(m.Name), "name")
	}
	for k, class := range m.ClassNames {
		err = cmp.Or(err, errors.Wrapf(names.Check(class), "class_names[%d]", k))
	}
	if m.Input != nil {
		err = cmp.Or(err, m.Input.check(m.Features()))
	}
	return err
}
