package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// evaluate scores a checkpoint on the test part.
func (f *flags) evaluate(ctx context.Context, stdout, stderr io.Writer) error {
	if !cmdline.IsFolder(f.eval) {
		return badf("there is no run or checkpoint in %s: there is no such folder", f.eval)
	}
	defer f.acknowledge(ctx, stderr, "stopping; again to stop now")()
	dir := train.CheckpointDir(f.eval)
	if _, err := os.Stat(filepath.Join(dir, durable.Sums)); err != nil {
		return badf("there is no run or checkpoint in %s: it holds neither best nor last nor %s", f.eval, durable.Sums)
	}
	m, err := zoo.Load(dir)
	if err != nil {
		return cmdline.Usage{Err: err}
	}
	f.validation = 0 // is cut out of the training part, which nobody reads here
	set, err := f.openSet(ctx, dir, m.Features(), m)
	if err != nil {
		return err
	}
	defer set.Close()
	if f.trainedOn != "" {
		fmt.Fprintf(stderr, "the run was trained with -split %s: clips that it learned from may be tested here\n", names.Shown(f.trainedOn))
	}
	if was, now := m.Input.Taken(), set.Sampling(); f.stated("sample") && now != nil && now.Sample != was.Sample {
		fmt.Fprintf(stderr, "frames are taken by -sample %s, and the model was trained with -sample %s\n", now.Sample, was.Sample)
	}
	if n := len(set.Classes()); n != m.Classes() {
		return badf("the model of %s has %d classes, %s has %d", dir, m.Classes(), set.Name(), n)
	}
	if set.Clips(datasets.Test) == 0 {
		return badf("%s has no test clips", set.Name())
	}
	e, err := train.Evaluate(ctx, m, set, datasets.Test, f.Batch)
	if errors.Is(err, context.Canceled) {
		return cmdline.Interrupted("train: stopped before all test clips were scored")
	}
	if err != nil {
		return f.damaged(err)
	}
	if err := f.writeLogits(e, set.Clips(datasets.Test)); err != nil {
		return err
	}
	return f.show(stdout, "scores", newScores(dir, m, set, e))
}

// scores is an evaluation as JSON.
type scores struct {
	Checkpoint string       `json:"checkpoint"`
	Model      string       `json:"model"`
	Set        string       `json:"set"`
	Test       train.Score  `json:"test"`
	Damaged    int          `json:"damaged,omitempty"` // test clips that were left out
	Classes    []classScore `json:"classes"`
	Confusion  [][]int      `json:"confusion"` // rows: true, columns: predicted
}

type classScore struct {
	Class     string   `json:"class"`
	Clips     int      `json:"clips"`
	Predicted int      `json:"predicted"`
	Precision *float64 `json:"precision"` // null where nothing was predicted
	Recall    *float64 `json:"recall"`    // null where there are no clips
}

func newScores(dir string, m *zoo.Model, set datasets.Set, e *train.Evaluation) scores {
	s := scores{Checkpoint: dir, Model: m.Name, Set: set.Name(), Test: e.Score, Damaged: set.Clips(datasets.Test) - e.Clips, Confusion: e.Confusion}
	orNull := func(v float64) *float64 {
		if math.IsNaN(v) {
			return nil
		}
		return &v
	}
	for _, c := range e.ByClass() {
		s.Classes = append(s.Classes, classScore{c.Class, c.Clips, c.Predicted, orNull(c.Precision), orNull(c.Recall)})
	}
	return s
}

// writeLogits writes the logits to the file of -logits, if there is one: a row for
// each of so many clips, NaN for those that are damaged.
func (f *flags) writeLogits(e *train.Evaluation, clips int) error {
	if f.logits == "" {
		return nil
	}
	classes := len(e.Classes)
	rows := slices.Repeat([]float32{float32(math.NaN())}, clips*classes)
	for k, i := range e.Index {
		copy(rows[i*classes:], e.Logits[k*classes:(k+1)*classes])
	}
	err := durable.WriteFile(f.logits, func(w io.Writer) error { return writeNPY(w, rows, classes) })
	return errors.Wrap(err, "train: -logits")
}

// writeNPY writes a matrix in NumPy's format, version 1.0: a magic string, the
// length of a header that is a Python dictionary, the header, the values.
func writeNPY(w io.Writer, values []float32, columns int) error {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", len(values)/columns, columns)
	// The values start at a multiple of 64 bytes, a line end before them.
	const before, align = 10, 64
	header += strings.Repeat(" ", (align-(before+len(header)+1)%align)%align) + "\n"
	if _, err := fmt.Fprintf(w, "\x93NUMPY\x01\x00%s%s", binary.LittleEndian.AppendUint16(nil, uint16(len(header))), header); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, values)
}
