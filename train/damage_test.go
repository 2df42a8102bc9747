package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/zoo"
)

var checkpointFiles = []string{"checkpoint.json", "model.safetensors", "optimizer.safetensors", "SHA256SUMS"}

// damage changes the files of a checkpoint. With honest checksums it is one that
// somebody made wrong, without them one that broke.
type damage struct {
	name   string
	honest bool
	do     func(rng *rand.Rand, files map[string][]byte)
}

var damages = []damage{
	{"cut", false, func(rng *rand.Rand, files map[string][]byte) {
		name := pick(rng, checkpointFiles...)
		files[name] = files[name][:rng.IntN(len(files[name]))]
	}},
	{"flip", false, func(rng *rand.Rand, files map[string][]byte) {
		data := files[pick(rng, checkpointFiles...)]
		for range 1 + rng.IntN(3) {
			data[rng.IntN(len(data))] ^= 1 << rng.IntN(8)
		}
	}},
	{"missing", false, func(rng *rand.Rand, files map[string][]byte) { delete(files, pick(rng, checkpointFiles...)) }},
	{"exchanged", false, func(rng *rand.Rand, files map[string][]byte) {
		a, b := pick(rng, checkpointFiles...), pick(rng, checkpointFiles...)
		files[a], files[b] = files[b], files[a]
	}},
	{"swapped values", false, func(rng *rand.Rand, files map[string][]byte) {
		data := files[pick(rng, "model.safetensors", "optimizer.safetensors")]
		body := data[8+binary.LittleEndian.Uint64(data):]
		n := len(body) / 4
		a, b := body[:n], body[len(body)-n:]
		for k := range a {
			a[k], b[k] = b[k], a[k]
		}
	}},
	{"longer", false, func(rng *rand.Rand, files map[string][]byte) {
		name := pick(rng, checkpointFiles...)
		files[name] = append(files[name], byte(rng.IntN(256)))
	}},
	{"another number in the header", true, func(rng *rand.Rand, files map[string][]byte) {
		files["checkpoint.json"] = changeNumber(rng, files["checkpoint.json"])
	}},
	{"another word in the header", true, func(rng *rand.Rand, files map[string][]byte) {
		words := regexp.MustCompile(`"\w+"`).FindAllIndex(files["checkpoint.json"], -1)
		at := pick(rng, words...)
		files["checkpoint.json"] = replace(files["checkpoint.json"], at, pick(rng, `"ht"`, `"dense"`, `"gru"`, `null`, `[]`, `{}`, `"\u0000"`, `-1`))
	}},
	{"swapped names of tensors", true, func(rng *rand.Rand, files map[string][]byte) {
		name := pick(rng, "model.safetensors", "optimizer.safetensors")
		names := regexp.MustCompile(`"(layer1|head)[\w.]+"`).FindAllIndex(files[name], -1)
		a, b := pick(rng, names...), pick(rng, names...)
		data := files[name]
		first, second := string(data[a[0]:a[1]]), string(data[b[0]:b[1]])
		header := strings.NewReplacer(first, second, second, first).Replace(string(data[8 : 8+headerLen(data)]))
		files[name] = append(append(bytes.Clone(data[:8]), header...), data[8+headerLen(data):]...)
	}},
	{"another number in the tensors' header", true, func(rng *rand.Rand, files map[string][]byte) {
		name := pick(rng, "model.safetensors", "optimizer.safetensors")
		data := files[name]
		header := changeNumber(rng, data[8:8+headerLen(data)])
		out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		files[name] = append(append(out, header...), data[8+headerLen(data):]...)
	}},
	{"another length of the tensors' header", true, func(rng *rand.Rand, files map[string][]byte) {
		data := files[pick(rng, "model.safetensors", "optimizer.safetensors")]
		binary.LittleEndian.PutUint64(data, pick(rng, 0, 7, headerLen(data)-8, headerLen(data)+8, 1<<20, 1<<40, 1<<63, ^uint64(0)))
	}},
	{"cut tensors", true, func(rng *rand.Rand, files map[string][]byte) {
		name := pick(rng, "model.safetensors", "optimizer.safetensors", "checkpoint.json")
		files[name] = files[name][:rng.IntN(len(files[name]))]
	}},
}

func headerLen(data []byte) uint64 { return binary.LittleEndian.Uint64(data) }

func changeNumber(rng *rand.Rand, text []byte) []byte {
	at := pick(rng, regexp.MustCompile(`-?\d+(\.\d+)?(e[-+]?\d+)?`).FindAllIndex(text, -1)...)
	return replace(text, at, pick(rng, "0", "1", "2", "3", "-1", "7", "1000000", "1000000000000000000", "99999999999999999999", "0.5", "1e300"))
}

func replace(text []byte, at []int, by string) []byte {
	return append(append(bytes.Clone(text[:at[0]]), by...), text[at[1]:]...)
}

// TestDamagedCheckpoints damages a checkpoint in many ways and resumes from it.
// What is broken is an error of one line, or, where nobody reads what broke, the
// run it would have been. What was made wrong on purpose may also be another
// run. Nothing panics, hangs or takes memory.
//
// TENSORZOO_LONG=1 runs 1,000 cases.
func TestDamagedCheckpoints(t *testing.T) {
	cases := 100
	if os.Getenv("TENSORZOO_LONG") == "1" {
		cases = 1000
	}
	set := newWalks(24, 5, true)
	cfg := config(2)
	cfg.Dir = t.TempDir()
	ctx, stopped := stopAt(cfg, 6) // in the middle of the second epoch
	_, err := Run(ctx, newModel(t, 1, 0.2), set, stopped)
	require.ErrorIs(t, err, context.Canceled)
	last := filepath.Join(cfg.Dir, "last")
	good := files(t, last)
	require.Len(t, good, len(checkpointFiles))
	best := filepath.Join(cfg.Dir, "best")
	atBest := toBytes(files(t, best))
	wanted := resume(set, cfg)
	require.NoError(t, wanted.err)

	var before, after runtime.MemStats
	count := map[string]int{}
	for k := range cases {
		rng := rand.New(rand.NewPCG(uint64(k), 5))
		d := damages[k%len(damages)]
		broken := toBytes(good)
		d.do(rng, broken)
		if d.honest {
			broken["SHA256SUMS"] = sums(broken)
		}
		lay(t, last, broken)
		lay(t, best, atBest)
		runtime.GC()
		runtime.ReadMemStats(&before)
		done := make(chan outcome, 1)
		go func() { done <- resume(set, cfg) }()
		var got outcome
		select {
		case got = <-done:
		case <-time.After(30 * time.Second):
			t.Fatalf("case %d, %s: hangs", k, d.name)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, wanted.allocated+200<<20, "case %d, %s", k, d.name)
		switch {
		case got.panicked != nil:
			t.Fatalf("case %d, %s: panic: %v", k, d.name, got.panicked)
		case got.err != nil:
			require.NotContains(t, got.err.Error(), "\n", "case %d, %s", k, d.name)
			require.Regexp(t, "^(zoo|train): ", got.err.Error(), "case %d, %s", k, d.name)
			count[d.name+": refused"]++
		case slices.Equal(wanted.weights, got.weights):
			count[d.name+": right"]++
		case !d.honest:
			t.Fatalf("case %d, %s: neither refused nor right", k, d.name)
		default:
			count[d.name+": another run"]++
		}
	}
	t.Log(count)
	require.Positive(t, count["flip: refused"])
	require.Zero(t, count["swapped values: right"])
}

type outcome struct {
	weights   []float32
	err       error
	panicked  any
	allocated uint64
}

func resume(set *walks, cfg Config) (o outcome) {
	defer func() { o.panicked = recover() }()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c, err := LoadLast(cfg.Dir)
	if err != nil {
		return outcome{err: err}
	}
	_, err = Resume(context.Background(), c, set, cfg)
	runtime.ReadMemStats(&after)
	if err != nil {
		return outcome{err: err}
	}
	return outcome{weights: weights(c.Model), allocated: after.TotalAlloc - before.TotalAlloc}
}

func toBytes(files map[string]string) map[string][]byte {
	all := map[string][]byte{}
	for name, data := range files {
		all[name] = []byte(data)
	}
	return all
}

func sums(files map[string][]byte) []byte {
	var b bytes.Buffer
	for _, name := range checkpointFiles[:3] {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return b.Bytes()
}

// lay makes dir hold the files and nothing else.
func lay(t *testing.T, dir string, files map[string][]byte) {
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.Mkdir(dir, 0o777))
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o666))
	}
}

// Tensors of the optimiser that are not those of the run are named.
func TestRestoreState(t *testing.T) {
	set := newWalks(12, 5, true)
	cfg := config(1)
	cfg.Dir = t.TempDir()
	_, err := Run(context.Background(), newModel(t, 1, 0), set, cfg)
	require.NoError(t, err)
	for text, change := range map[string]func(*zoo.Checkpoint){
		"the optimiser has 14 tensors; want 14, one of them head.weight.m, float32 (8, 2)":                          func(c *zoo.Checkpoint) { c.State[2].Name = "x" },
		"the optimiser has 15 tensors; want 14":                                                                     func(c *zoo.Checkpoint) { c.State = append(c.State, zoo.Tensor{Name: "x", Value: c.State[0].Value}) },
		"one of them head.bias.m, float32 (1, 2)":                                                                   func(c *zoo.Checkpoint) { c.State[0].Value = c.State[2].Value },
		"the data had order_crc32":                                                                                  func(c *zoo.Checkpoint) { edit(c, `"epoch":1`, `"epoch":2`) },
		"position: no run of 2 steps an epoch is at epoch 1 of 1 listed, step 3, 2 in all, 0 skipped, best epoch 1": func(c *zoo.Checkpoint) { edit(c, `"step":0`, `"step":3`) },
		"best epoch 2":                        func(c *zoo.Checkpoint) { edit(c, `"best":1`, `"best":2`) },
		"the data had order_crc32 1, and now": func(c *zoo.Checkpoint) { edit(c, `"order_crc32":\d+`, `"order_crc32":1`) },
		"train: checkpoint: training: json: unknown field \"stepp\"":                                      func(c *zoo.Checkpoint) { edit(c, `"step":0`, `"stepp":0`) },
		"the run had accumulate " + strconv.Itoa(1) + "00, and now 1; it cannot go on as if it had never": func(c *zoo.Checkpoint) { edit(c, `"accumulate":1`, `"accumulate":100`) },
	} {
		c, err := LoadLast(cfg.Dir)
		require.NoError(t, err)
		require.Equal(t, "head.bias.m", c.State[0].Name)
		change(c)
		_, err = Resume(context.Background(), c, set, cfg)
		require.ErrorContains(t, err, text)
	}
}

func edit(c *zoo.Checkpoint, pattern, by string) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, c.Training); err != nil {
		panic(errors.Wrap(err, "test"))
	}
	at := regexp.MustCompile(pattern).FindIndex(compact.Bytes())
	c.Training = replace(compact.Bytes(), at, by)
}
