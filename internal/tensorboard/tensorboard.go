// Package tensorboard writes the event files that TensorBoard draws curves from.
//
// A file is a series of records, each an Event in the encoding of protocol
// buffers: the version of the format first, then for each step the values that
// belong to it. The messages are those of tensorflow/core/util/event.proto and
// tensorflow/core/framework/summary.proto.
package tensorboard

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"
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
// hold of fromStep and later steps. It fails when dir cannot be written to.
func Create(dir string, fromStep int64) (*Writer, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Wrap(err, "tensorboard")
	}
	// TensorBoard reads the files of a folder in the order of their names.
	now := time.Now()
	name := fmt.Sprintf("events.out.tfevents.%d.%09d.%s", now.Unix(), now.Nanosecond(), host)
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
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

// Write adds one event with all scalars of a step. It is in the file when Write
// returns, so a TensorBoard that is open shows it. The format keeps values as
// float32. It fails when a tag is empty or not UTF-8, or when the file cannot
// be written; what was written before stays readable.
func (w *Writer) Write(step int64, at time.Time, scalars ...Scalar) error {
	var summary []byte
	for _, s := range scalars {
		if s.Tag == "" || !utf8.ValidString(s.Tag) {
			return errors.Errorf("tensorboard: step %d: tag %q is empty or not UTF-8", step, s.Tag)
		}
		summary = field(summary, summaryValue, field(field(nil, valueTag, s.Tag), valueSimpleValue, float32(s.Value)))
	}
	return w.append(newEvent(at, step, eventSummary, summary))
}

// append writes an event as a TFRecord, in one call: its length in 8 bytes, the checksum of
// these, the event and its checksum, all little-endian. Half a record would make a reader
// give up on all that follows, so after a failure the file is cut back.
func (w *Writer) append(event []byte) error {
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	record = append(binary.LittleEndian.AppendUint32(record, maskedCRC(record)), event...)
	n, err := w.file.Write(binary.LittleEndian.AppendUint32(record, maskedCRC(event)))
	if err != nil {
		w.file.Truncate(w.size)
		return errors.Wrap(err, "tensorboard")
	}
	w.size += int64(n)
	return nil
}

// Close closes the file.
func (w *Writer) Close() error { return errors.Wrap(w.file.Close(), "tensorboard") }

// Fields of the messages.
const (
	eventWallTime    = 1 // double, seconds since 1970
	eventStep        = 2 // int64
	eventFileVersion = 3 // string
	eventSummary     = 5 // Summary
	eventSessionLog  = 7 // SessionLog

	summaryValue     = 1 // repeated Value
	valueTag         = 1 // string
	valueSimpleValue = 2 // float

	sessionStatus = 1 // enum
	sessionStart  = 1 // the value START of it
)

// newEvent makes an Event with one more field.
func newEvent(at time.Time, step int64, number protowire.Number, value any) []byte {
	b := field(nil, eventWallTime, float64(at.UnixMicro())/1e6)
	return field(field(b, eventStep, step), number, value)
}

// field adds a field to a message: a double, float, int64, string or, as bytes, a message.
func field(message []byte, number protowire.Number, value any) []byte {
	switch v := value.(type) {
	case float64:
		return protowire.AppendFixed64(protowire.AppendTag(message, number, protowire.Fixed64Type), math.Float64bits(v))
	case float32:
		return protowire.AppendFixed32(protowire.AppendTag(message, number, protowire.Fixed32Type), math.Float32bits(v))
	case int64:
		return protowire.AppendVarint(protowire.AppendTag(message, number, protowire.VarintType), uint64(v))
	case string:
		return protowire.AppendString(protowire.AppendTag(message, number, protowire.BytesType), v)
	}
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), value.([]byte))
}

// maskedCRC is CRC-32C, turned right by 15 bits, plus a constant: a checksum of
// data that itself holds checksums would otherwise be a poor one.
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (crc>>15 | crc<<17) + 0xa282ead8
}
