package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

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

// newEvent makes an Event with one more field.
func newEvent(at time.Time, step int64, number protowire.Number, value any) []byte {
	b := field(nil, eventWallTime, float64(at.UnixMicro())/1e6)
	return field(field(b, eventStep, step), number, value)
}

// summary makes the Summary of a step.
func summary(scalars []Scalar) (b []byte) {
	for _, s := range scalars {
		b = field(b, summaryValue, field(field(nil, valueTag, s.Tag), valueSimpleValue, float32(s.Value)))
	}
	return b
}

// frame makes a TFRecord of data: its length in 8 bytes, the checksum of these,
// data and its checksum, all little-endian.
func frame(data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b))
	return binary.LittleEndian.AppendUint32(append(b, data...), maskedCRC(data))
}

// maskedCRC is CRC-32C, turned right by 15 bits, plus a constant: a checksum of
// data that itself holds checksums would otherwise be a poor one.
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (crc>>15 | crc<<17) + 0xa282ead8
}
