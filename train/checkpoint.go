package train

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// saved is the field "training" of a checkpoint.
type saved struct {
	Settings settings `json:"settings"`
	Data     data     `json:"data"`
	Batches  uint64   `json:"batches"` // trained on so far: dropout's runs
	Position position `json:"position"`
	Score    float64  `json:"best_score"` // loss of the best epoch, 0 before the first
}

// settings are what must not change on the way, as users know it.
type settings struct {
	Batch          int      `json:"batch"`
	Accumulate     int      `json:"accumulate"`
	Threads        int      `json:"threads"`
	LearningRate   float64  `json:"learning_rate"`
	Schedule       string   `json:"schedule"`
	Optimizer      string   `json:"optimizer"`
	WeightDecay    float64  `json:"weight_decay"`
	ClassifierL2   float64  `json:"classifier_l2"` // 0 in a checkpoint of a release that had none
	Clip           float64  `json:"clip"`
	LabelSmoothing float64  `json:"label_smoothing"`
	Augment        string   `json:"augment"`
	Patience       int      `json:"patience"`
	Freeze         []string `json:"freeze"`
	Seed           uint64   `json:"seed"`
	Truncate       int      `json:"truncate"` // 0 in a checkpoint of a release that had none
}

// data is what the run was trained on.
type data struct {
	Set         string `json:"set"`
	Fingerprint string `json:"fingerprint"`
	Train       int    `json:"train_clips"`
	Validation  int    `json:"validation_clips"`
	// Order is a CRC-32 of the order of clips of the epoch under way, so that a
	// release that would draw another order notices.
	Order uint32 `json:"order_crc32"`
}

func (r *run) settings() settings {
	c := r.cfg
	return settings{
		c.Batch, c.Accumulate, c.Threads, c.LearningRate, c.Schedule.String(), c.Optimizer.String(), c.WeightDecay, c.ClassifierL2, c.MaxGradNorm,
		c.LabelSmoothing, c.Augment.String(), c.Patience, append([]string{}, c.Freeze...), c.Seed, c.Truncate,
	}
}

func (r *run) data() data {
	d := data{Set: r.set.Name(), Fingerprint: r.set.Fingerprint(), Train: r.set.Clips(datasets.Train), Validation: r.set.Clips(datasets.Validation)}
	sum := crc32.NewIEEE()
	for _, clip := range r.order() {
		sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(clip)))
	}
	d.Order = sum.Sum32()
	return d
}

// save writes a checkpoint to dir, nothing without Config.Dir. One without the
// optimiser's state is for use, and cannot be resumed.
func (r *run) save(dir string, state []zoo.Tensor) error {
	if r.cfg.Dir == "" {
		return nil
	}
	s := saved{Settings: r.settings(), Data: r.data(), Batches: r.batches, Position: r.at}
	if r.at.Best > 0 {
		s.Score = r.at.Epochs[r.at.Best-1].watched()
	}
	training, err := json.Marshal(s)
	if err != nil {
		return errors.Wrap(err, "train: checkpoint")
	}
	c := &zoo.Checkpoint{Model: r.model, Training: training, State: state}
	if err := c.Save(dir); err != nil && durable.Exists(dir) {
		return fmt.Errorf("%w; the checkpoint before is still there", err)
	} else if err != nil {
		return err
	}
	r.saved = time.Now()
	if r.cfg.OnSave != nil {
		r.cfg.OnSave(dir)
	}
	return nil
}

// restore puts the run where the checkpoint was made.
func (r *run) restore(c *zoo.Checkpoint) error {
	if c.Training == nil {
		return errors.New("this is a model without its training; Run starts one from it")
	}
	if c.State == nil {
		return errors.New("it is for use, without what the optimiser remembers; LoadLast returns the one to resume")
	}
	var s saved
	dec := json.NewDecoder(bytes.NewReader(c.Training))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return errors.Wrap(err, "training")
	}
	// A release that had one graph kept no threads, and one that did not cap them what it was given.
	s.Settings.Batch = min(s.Settings.Batch, r.set.Clips(datasets.Train))
	s.Settings.Threads = min(cmp.Or(s.Settings.Threads, 1), s.Settings.Batch)
	if err := sameFields("run", s.Settings, r.settings()); err != nil {
		return err
	}
	classes := r.set.Classes()
	if names.Equal(classes, c.Model.ClassNames) {
		classes = c.Model.ClassNames // which may spell them otherwise
	}
	learned := func(classes []string, in *zoo.Input) any { return map[string]any{"class_names": classes, "input": in} }
	if err := sameFields("model", learned(c.Model.ClassNames, c.Model.Input), learned(classes, inputOf(r.set))); err != nil {
		return err
	}
	r.at, r.batches = s.Position, s.Batches
	if err := sameFields("data", s.Data, r.data()); err != nil {
		return err
	}
	if err := r.at.check(r.set.Clips(datasets.Train), r.cfg.Batch*r.cfg.Accumulate); err != nil {
		return err
	}
	if r.at.Epoch > r.cfg.Epochs {
		return errors.Errorf("the run has %d epochs already; resume for at least as many", r.at.Epoch)
	}
	return r.restoreState(c.State)
}

// sameFields compares two values of one type and names the first field that differs as JSON has it.
func sameFields(what string, was, is any) error {
	fields := func(v any) (values map[string]json.RawMessage) {
		text, _ := json.Marshal(v) // which has nothing of NaN, and so differs
		json.Unmarshal(text, &values)
		return values
	}
	before, now := fields(was), fields(is)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch {
		case bytes.Equal(before[name], now[name]):
		case name == "fingerprint" && bytes.Equal(before["set"], now["set"]):
			return errors.Errorf("the clips of %s are not those that the run was started with: they were added to, changed or copied since; start another run on them", now["set"])
		default:
			return errors.Errorf("the %s had %s %s, and now %s; it cannot go on as if it had never stopped", what, name, before[name], now[name])
		}
	}
	return nil
}

// check returns an error for a position that no run of this many clips, step
// clips at a time, is ever in.
func (p *position) check(clips, step int) error {
	steps := (clips + step - 1) / step // of an epoch
	if p.Epoch < 0 || p.Epoch != len(p.Epochs) || p.Step < 0 || p.Step > steps || p.Updates != p.Epoch*steps+p.Step ||
		p.Skipped < 0 || p.Skipped > p.Updates || p.Best < 0 || p.Best > p.Epoch || p.Best == 0 && p.Epoch > 0 {
		return errors.Errorf("position: no run of %d steps an epoch is at epoch %d of %d listed, step %d, %d in all, %d skipped, best epoch %d",
			steps, p.Epoch, len(p.Epochs), p.Step, p.Updates, p.Skipped, p.Best)
	}
	return nil
}

// restoreState copies the optimiser's slots, whose names and shapes must be those that this run has.
func (r *run) restoreState(state []zoo.Tensor) error {
	got := map[string]*tensor.Dense{}
	for _, p := range state {
		got[p.Name] = p.Value
	}
	for _, p := range r.state {
		v := got[p.Name]
		if v == nil || v.Dtype() != tensor.Float32 || !v.Shape().Eq(p.Value.Shape()) || len(state) != len(r.state) {
			return errors.Errorf("the optimiser has %d tensors; want %d, one of them %s, float32 %v", len(state), len(r.state), p.Name, p.Value.Shape())
		}
	}
	for _, p := range r.state {
		copy(p.Value.Data().([]float32), got[p.Name].Data().([]float32))
	}
	return nil
}

// LoadLast returns the checkpoint from which to resume the run in the folder dir. It
// returns an error when zoo.LoadCheckpoint does.
func LoadLast(dir string) (*zoo.Checkpoint, error) { return zoo.LoadCheckpoint(lastDir(dir)) }

// HasCheckpoint reports whether dir holds a checkpoint for LoadLast.
func HasCheckpoint(dir string) bool { return durable.Exists(lastDir(dir)) }

// CheckpointDir returns the checkpoint of a run's folder to evaluate: the best or, before the first
// epoch is complete, the last. It returns dir itself if it holds neither.
func CheckpointDir(dir string) string {
	for _, c := range []string{bestDir(dir), lastDir(dir)} {
		if durable.Exists(c) {
			return c
		}
	}
	return dir
}

func lastDir(dir string) string { return filepath.Join(dir, "last") }
func bestDir(dir string) string { return filepath.Join(dir, "best") }
