package tensorboard

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

// crcBits is CRC-32C by its definition: what remains of data, bit by bit, when
// divided by the Castagnoli polynomial.
func crcBits(data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b)
		for range 8 {
			low := crc & 1
			crc >>= 1
			if low == 1 {
				crc ^= 0x82f63b78 // 0x1edc6f41 from its other end
			}
		}
	}
	return ^crc
}

func maskBits(crc uint32) uint32 {
	var turned uint32
	for bit := range 32 {
		turned |= crc >> bit & 1 << ((bit + 32 - 15) % 32)
	}
	return turned + 0xa282ead8
}

func TestMaskedCRC(t *testing.T) {
	// The check value of CRC-32C in RFC 3720 and in every catalogue of CRCs.
	require.Equal(t, uint32(0xe3069283), crcBits([]byte("123456789")))
	// 0xe3069283 turned by 15 bits is 0x2507c60d, and that plus 0xa282ead8:
	assert.Equal(t, uint32(0xc78ab0e5), maskedCRC([]byte("123456789")))
	// 32 zero bytes, from RFC 3720, appendix B.4: 8a9136aa.
	require.Equal(t, uint32(0x8a9136aa), crcBits(make([]byte, 32)))
	assert.Equal(t, maskBits(0x8a9136aa), maskedCRC(make([]byte, 32)))
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		require.Equal(t, maskBits(crcBits(data)), maskedCRC(data))
	})
}

// event is what the tests expect in a file.
type event struct {
	WallTime float64
	Step     int64
	Version  string
	Start    bool
	Tags     []string
	Values   []float32
}

// readEvents reads a whole file, checking every length and sum.
func readEvents(t require.TestingT, path string) (events []event) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for len(data) > 0 {
		require.GreaterOrEqual(t, len(data), 16)
		n := binary.LittleEndian.Uint64(data)
		require.Equal(t, maskBits(crcBits(data[:8])), binary.LittleEndian.Uint32(data[8:]))
		require.GreaterOrEqual(t, uint64(len(data)), 16+n)
		body := data[12 : 12+n]
		require.Equal(t, maskBits(crcBits(body)), binary.LittleEndian.Uint32(data[12+n:]))
		events = append(events, readEvent(t, body))
		data = data[16+n:]
	}
	return events
}

// fields calls each with the number and the raw value of every field of b.
func fields(t require.TestingT, b []byte, each func(num protowire.Number, fixed uint64, bytes []byte)) {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		require.Positive(t, n)
		b = b[n:]
		var fixed uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			fixed, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			fixed, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var small uint32
			small, n = protowire.ConsumeFixed32(b)
			fixed = uint64(small)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(b)
		default:
			require.Fail(t, "no field of an event has this type", "%d", kind)
		}
		require.Positive(t, n)
		each(num, fixed, bytes)
		b = b[n:]
	}
}

func readEvent(t require.TestingT, body []byte) (e event) {
	fields(t, body, func(num protowire.Number, fixed uint64, bytes []byte) {
		switch num {
		case 1:
			e.WallTime = math.Float64frombits(fixed)
		case 2:
			e.Step = int64(fixed)
		case 3:
			e.Version = string(bytes)
		case 5:
			fields(t, bytes, func(num protowire.Number, _ uint64, value []byte) {
				require.Equal(t, protowire.Number(1), num)
				fields(t, value, func(num protowire.Number, fixed uint64, bytes []byte) {
					if num == 1 {
						e.Tags = append(e.Tags, string(bytes))
					} else {
						require.Equal(t, protowire.Number(2), num)
						e.Values = append(e.Values, math.Float32frombits(uint32(fixed)))
					}
				})
			})
		case 7:
			fields(t, bytes, func(num protowire.Number, fixed uint64, _ []byte) {
				require.Equal(t, protowire.Number(1), num)
				e.Start = fixed == 1
			})
		default:
			require.Fail(t, "unknown field", "%d", num)
		}
	})
	return e
}

func files(t require.TestingT, dir string) []string {
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	return paths // sorted, as TensorBoard reads them
}

func TestWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "events")
	before := time.Now()
	w, err := Create(dir, 0)
	require.NoError(t, err)
	paths := files(t, dir)
	require.Len(t, paths, 1)
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Regexp(t, `^events\.out\.tfevents\.\d{10}\.`, filepath.Base(paths[0]))
	assert.True(t, strings.HasSuffix(paths[0], "."+host))

	at := time.Unix(1700000000, 250e6)
	require.NoError(t, w.Write(1, at, Scalar{"loss/training", 2.5}, Scalar{"loss/validation", math.NaN()}))
	events := readEvents(t, paths[0]) // while it is open
	require.Len(t, events, 2)
	assert.Equal(t, "brain.Event:2", events[0].Version)
	assert.InDelta(t, float64(before.Unix()), events[0].WallTime, 10)
	assert.Equal(t, 1700000000.25, events[1].WallTime)
	assert.Equal(t, []string{"loss/training", "loss/validation"}, events[1].Tags)
	assert.Equal(t, float32(2.5), events[1].Values[0])
	assert.True(t, math.IsNaN(float64(events[1].Values[1])))

	require.NoError(t, w.Write(2, at.Add(time.Second), Scalar{"loss/training", 0.1}))
	require.NoError(t, w.Close())
	events = readEvents(t, paths[0])
	require.Len(t, events, 3)
	assert.Equal(t, event{WallTime: 1700000001.25, Step: 2, Tags: []string{"loss/training"}, Values: []float32{0.1}}, events[2])
}

func TestCreateContinues(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir, 7)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	events := readEvents(t, files(t, dir)[0])
	require.Len(t, events, 2)
	assert.Equal(t, "brain.Event:2", events[0].Version)
	assert.True(t, events[1].Start)
	assert.Equal(t, int64(7), events[1].Step)
}

// Writers of one second have files of their own, in the order they were made.
func TestCreateTwiceInOneSecond(t *testing.T) {
	dir := t.TempDir()
	const n = 12
	for i := range n {
		w, err := Create(dir, int64(i))
		require.NoError(t, err)
		require.NoError(t, w.Write(int64(i), time.Now(), Scalar{"i", float64(i)}))
		require.NoError(t, w.Close())
	}
	paths := files(t, dir)
	require.Len(t, paths, n)
	for i, path := range paths {
		events := readEvents(t, path)
		assert.Equal(t, int64(i), events[len(events)-1].Step)
	}
}

func TestWriterErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := Create(file, 0)
	assert.EqualError(t, err, "tensorboard: mkdir "+file+": not a directory")

	w, err := Create(filepath.Join(dir, "run"), 0)
	require.NoError(t, err)
	now := time.Now()
	assert.EqualError(t, w.Write(3, now, Scalar{"loss", 1}, Scalar{"", 1}), `tensorboard: step 3: tag "" is empty or not UTF-8`)
	assert.EqualError(t, w.Write(3, now, Scalar{"\xff", 1}), `tensorboard: step 3: tag "\xff" is empty or not UTF-8`)
	assert.Len(t, readEvents(t, files(t, filepath.Join(dir, "run"))[0]), 1, "nothing of it is written")
	require.NoError(t, w.Close())
	assert.ErrorIs(t, w.Write(3, now, Scalar{"loss", 1}), os.ErrClosed)
	assert.ErrorContains(t, w.Close(), "tensorboard: close ")
}

func TestWriterAnything(t *testing.T) {
	top := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(top, "")
		require.NoError(t, err)
		w, err := Create(dir, 0)
		require.NoError(t, err)
		want := []event(nil)
		for range rapid.IntRange(0, 5).Draw(t, "events") {
			at := rapid.Int64Range(0, 4e9).Draw(t, "at")
			e := event{WallTime: float64(at), Step: rapid.Int64().Draw(t, "step")}
			var scalars []Scalar
			for range rapid.IntRange(0, 4).Draw(t, "scalars") {
				s := Scalar{rapid.StringN(1, 200, -1).Draw(t, "tag"), float64(rapid.Float32().Draw(t, "value"))}
				scalars = append(scalars, s)
				e.Tags, e.Values = append(e.Tags, s.Tag), append(e.Values, float32(s.Value))
			}
			require.NoError(t, w.Write(e.Step, time.Unix(at, 0), scalars...))
			want = append(want, e)
		}
		require.NoError(t, w.Close())
		got := readEvents(t, files(t, dir)[0])
		require.Equal(t, want, slices.Concat([]event(nil), got[1:]))
	})
}
