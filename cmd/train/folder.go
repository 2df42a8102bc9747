package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/charts"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/internal/tensorboard"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// folder is what -out holds besides the checkpoints, which package train writes.
type folder struct {
	dir   string // "" keeps nothing
	title string

	all     []train.Epoch
	drawn   time.Time
	board   *tensorboard.Writer
	boards  bool
	lock    *flock.Flock
	stderr  io.Writer
	failure error // the first of a picture or a table on the way: training goes on, the exit code says so
}

// openFolder makes the folder of a new run of a model, or takes that of the run to
// resume, and keeps other processes out of it.
func (f *flags) openFolder(model string, stderr io.Writer) (_ *folder, err error) {
	o := &folder{stderr: stderr}
	if f.out == noOut {
		return o, nil
	}
	o.dir, o.boards = f.out, f.tensorboard
	switch {
	case f.resume == "" && f.out == autoOut: // making it is what claims it: two runs started at once find two
		o.dir = filepath.Join("runs", model)
		if err = os.MkdirAll("runs", 0o777); err == nil {
			err = os.Mkdir(o.dir, 0o777)
		}
		for k := 2; os.IsExist(err); k++ {
			o.dir = filepath.Join("runs", fmt.Sprintf("%s-%d", model, k))
			err = os.Mkdir(o.dir, 0o777)
		}
	case f.resume == "" && holdsRun(o.dir):
		return o, badf("there is a run in %s; go on with it by -resume %s, or give another -out", o.dir, cmdline.Quote(o.dir))
	default:
		err = os.MkdirAll(o.dir, 0o777)
	}
	locked := false
	if err == nil { // the system gives the lock back when the process ends, however it does
		o.lock, locked, err = durable.Lock(filepath.Join(o.dir, ".lock"))
	}
	switch {
	case err != nil:
		return o, cmdline.Usage{Err: errors.Wrap(err, "train: -out")}
	case !locked:
		return o, badf("another process trains in %s; wait for it or stop it", o.dir)
	}
	return o, nil
}

// describeRun writes how the run is made again and how it is evaluated.
func (f *flags) describeRun(o *folder) error {
	if o.dir == "" {
		return nil
	}
	if err := o.write(configFile, f.configuration()); err != nil {
		return err
	}
	// Data, folder and program may have been given from where the user was.
	here, err := os.Getwd()
	if err != nil {
		return errors.Wrap(err, "train: -out")
	}
	return o.write("evaluate.txt", fmt.Sprintf("cd %s && %s -eval %s\n", cmdline.Quote(here), cmdline.Program("train"), cmdline.Quote(o.dir)))
}

func (o *folder) write(name, content string) error {
	err := durable.WriteFile(filepath.Join(o.dir, name), func(w io.Writer) error { _, err := io.WriteString(w, content); return err })
	return errors.Wrap(err, "train: -out")
}

// fail reports an error, if it is one, of something that training can do without, once.
func (o *folder) fail(err error) {
	if err != nil && o.failure == nil {
		o.failure = err
		fmt.Fprintln(o.stderr, names.Line(err.Error()), "(training goes on)")
	}
}

// step writes what TensorBoard shows of a step that moved something.
func (o *folder) step(p train.Progress) {
	if o.boards && o.board == nil && p.StepScore.Clips > 0 {
		// A resumed run takes back what the killed one wrote after its checkpoint.
		w, err := tensorboard.Create(filepath.Join(o.dir, "tensorboard"), int64(p.Updates))
		o.fail(err)
		o.board, o.boards = w, err == nil
	}
	o.score(p.Updates, "step/", p.StepScore,
		tensorboard.Scalar{Tag: "step/learning rate", Value: p.LearningRate}, tensorboard.Scalar{Tag: "step/gradient norm", Value: p.GradientNorm})
}

// score writes what TensorBoard shows of a score, and more.
func (o *folder) score(step int, of string, s train.Score, more ...tensorboard.Scalar) {
	if o.board == nil || s.Clips == 0 {
		return
	}
	scalars := append([]tensorboard.Scalar{{Tag: of + "loss", Value: s.Loss}, {Tag: of + "accuracy", Value: s.Accuracy}}, more...)
	o.fail(o.board.Write(int64(step), time.Now(), scalars...))
}

// epochs writes the table and, now and then, the curves. When a run resumes, it
// gets the epochs that are there already.
func (o *folder) epochs(all []train.Epoch) {
	o.all = all
	if o.dir == "" {
		return
	}
	// The table is whole as a checkpoint with its epochs is. It holds no times, so that the
	// file of a resumed run is that of an uninterrupted one to the byte.
	o.fail(o.write("metrics.csv", worded("metrics", all)))
	if len(all) == 0 {
		return
	}
	last := all[len(all)-1]
	o.score(last.Updates, "epoch/training ", last.Train)
	if v := last.Validation; v != nil {
		o.score(last.Updates, "epoch/validation ", *v)
	}
	// A picture takes longer than an epoch of a small model.
	if time.Since(o.drawn) > 10*time.Second {
		o.draw()
	}
}

// draw draws the curves of the epochs so far.
func (o *folder) draw() {
	if o.dir == "" || len(o.all) == 0 {
		return
	}
	o.fail(drawCurves(filepath.Join(o.dir, "curves.png"), o.title, o.all, nil))
	o.drawn = time.Now()
}

// finish writes the pictures and the figures of a complete run.
func (o *folder) finish(ctx context.Context, m *zoo.Model, set datasets.Set, r *train.Result, s summary) error {
	if o.dir == "" {
		return nil
	}
	o.score(r.Epochs[len(r.Epochs)-1].Updates, "test/", r.Test.Score)
	curves := drawCurves(filepath.Join(o.dir, "curves.png"), o.title, r.Epochs, r)
	title := fmt.Sprintf("%s, accuracy %.3f on %s test clips", o.title, r.Test.Accuracy, numerals.Thousands(r.Test.Clips))
	confusion := charts.Save(filepath.Join(o.dir, "confusion.png"), charts.Matrix{Title: title, Classes: r.Test.Classes, Counts: r.Test.Confusion})
	gates, err := train.Gates(ctx, m, set, datasets.Test, s.Batch, gateClips)
	if err != nil {
		return errors.Wrap(err, "train: stopped at the picture of the gates")
	}
	drawn := drawGates(filepath.Join(o.dir, "gates.png"), gates)
	var text strings.Builder
	if err := writeJSON(&text, s); err != nil {
		return err
	}
	return cmp.Or(curves, confusion, drawn, o.write("result.json", text.String()), o.failure)
}

func (o *folder) close() {
	if o.board != nil {
		o.board.Close() // every event is flushed when it is written
	}
	if o.lock != nil {
		o.lock.Close() // the process ends
	}
}
