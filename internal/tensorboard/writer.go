// Package tensorboard writes the event files that TensorBoard draws curves from.
//
// A file is a series of records, each an Event in the encoding of protocol
// buffers: the version of the format first, then for each step the values that
// belong to it. The messages are those of tensorflow/core/util/event.proto and
// tensorflow/core/framework/summary.proto.
package tensorboard

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// Scalar is one value of a curve.
type Scalar struct {
	Tag   string // names the curve; TensorBoard groups by what is before a '/'
	Value float64
}

// Writer adds events to one file. It is not safe for concurrent use.
type Writer struct {
	file *os.File
	size int64 // of the whole records
}

// Create makes dir, if need be, and a new event file in it. With fromStep > 0
// it continues an interrupted run: TensorBoard drops what earlier files of dir
// hold of fromStep and later steps.
//
// TensorBoard reads the files of a folder in the order of their names, so the
// name starts with the time. It fails when dir cannot be written to.
func Create(dir string, fromStep int64) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Wrap(err, "tensorboard")
	}
	now := time.Now()
	file, err := createFile(dir, now)
	if err != nil {
		return nil, errors.Wrap(err, "tensorboard")
	}
	w := &Writer{file: file}
	err = w.append(newEvent(now, 0, eventFileVersion, "brain.Event:2")) // must be the first
	if err == nil && fromStep > 0 {
		err = w.append(newEvent(now, fromStep, eventSessionLog, field(nil, sessionStatus, int64(sessionStart))))
	}
	if err != nil {
		file.Close()
		os.Remove(file.Name())
		return nil, err
	}
	return w, nil
}

// createFile opens a file that was not there before. A file of the same second
// is followed by one with a counter, which sorts after it.
func createFile(dir string, now time.Time) (*os.File, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	base, counter := filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%d.%s", now.Unix(), host)), ""
	for n := 1; ; n++ {
		file, err := os.OpenFile(base+counter, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		counter = fmt.Sprintf(".%03d", n)
	}
}

// Write adds one event with all scalars of a step. It is in the file when Write
// returns, so a TensorBoard that is open shows it. The format keeps values as
// float32. It fails when a tag is empty or not UTF-8, or when the file cannot
// be written; what was written before stays readable.
func (w *Writer) Write(step int64, at time.Time, scalars ...Scalar) error {
	for _, s := range scalars {
		if s.Tag == "" || !utf8.ValidString(s.Tag) {
			return errors.Errorf("tensorboard: step %d: tag %q is empty or not UTF-8", step, s.Tag)
		}
	}
	return w.append(newEvent(at, step, eventSummary, summary(scalars)))
}

// append writes one record in one call. Half a record would make a reader give
// up on all that follows, so after a failure the file is cut back.
func (w *Writer) append(event []byte) error {
	n, err := w.file.Write(frame(event))
	if err != nil {
		if n > 0 {
			w.file.Truncate(w.size)
		}
		return errors.Wrap(err, "tensorboard")
	}
	w.size += int64(n)
	return nil
}

// Close closes the file.
func (w *Writer) Close() error {
	return errors.Wrap(w.file.Close(), "tensorboard")
}
