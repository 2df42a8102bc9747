package zoo_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Input-to-hidden weights beside what the papers print.
func TestPublishedCounts(t *testing.T) {
	for _, c := range []struct {
		name             string
		count, published int
		times            int // of the dense count, rounded down
	}{
		{"lstm", 58_982_400, 58_982_400, 1},
		{"tt-lstm", 3_360, 3_360, 17_554},
		{"tr-lstm", 1_725, 1_725, 34_192},
		{"bt-lstm", 3_392, 3_387, 17_388}, // the tables' 3,387 is no such layer's; their ratio is that of 3,392
		{"ht-lstm", 1_245, 1_245, 47_375},
		{"lstm-youtube", 58_982_400, 58_982_400, 1},
		{"tt-lstm-youtube", 3_392, 3_392, 17_388},
		{"tt-gru-youtube", 3_328, 3_328, 13_292},
		{"ht-lstm-youtube", 810, 810, 72_817},
		{"cnn-lstm", 16_777_216, 16_777_216, 1},
		{"cnn-tr-lstm", 663_552, 0, 25},
		{"cnn-ht-lstm", 1_209, 0, 13_876},
		{"gru", 44_236_800, 0, 1},
		{"tt-gru", 3_232, 0, 13_687},
		{"tr-gru", 1_625, 0, 27_222},
		{"bt-gru", 3_136, 0, 14_106},
		{"ht-gru", 1_117, 0, 39_603},
	} {
		for _, suffix := range []string{"", "-ucf11"} {
			e, err := zoo.Find(c.name + suffix)
			if suffix != "" && err != nil {
				continue // the YouTube rows have their own suffix
			}
			require.NoError(t, err)
			d, err := zoo.Describe(e)
			require.NoError(t, err)
			require.Equal(t, c.count, d.InputToHidden, e.Name)
			require.Equal(t, c.published, d.PublishedParams, e.Name)
			require.Equal(t, c.times, d.Dense.InputToHidden/d.InputToHidden, e.Name)
		}
	}
}

// The whole layer and the whole model, from their parts.
func TestThreeCounts(t *testing.T) {
	e, err := zoo.Find("ht-lstm-ucf11")
	require.NoError(t, err)
	d, err := zoo.Describe(e)
	require.NoError(t, err)
	require.Equal(t, 1_245+256*1024+1024, d.RecurrentLayer)
	require.Equal(t, d.RecurrentLayer+257*11, d.Model)
	shared := e.Spec.Format.(decomp.HT)
	shared.Share = true
	e.Spec.Format = shared
	d, err = zoo.Describe(e)
	require.NoError(t, err)
	require.Equal(t, 1_165, d.InputToHidden)
}

func TestListAndFind(t *testing.T) {
	names := func(pattern string) []string {
		es, err := zoo.List(pattern)
		require.NoError(t, err)
		var names []string
		for _, e := range es {
			names = append(names, e.Name)
		}
		return names
	}
	require.Len(t, names(""), 83)
	require.Equal(t, []string{"lstm-youtube", "tt-lstm-youtube", "tt-gru-youtube", "ht-lstm-youtube"}, names("*-youtube")[:4])
	require.Equal(t, []string{"tt-gru", "tr-gru", "bt-gru", "ht-gru"}, names("[^f]?-gru"))
	require.Equal(t, []string{"fdht-lstm", "fdtt-lstm", "fdtr-lstm", "fdbt-lstm"}, names("fd*-lstm"))
	require.Contains(t, names("*-lstm-*"), "cnn-tr-lstm-hmdb51")
	require.Empty(t, names("resnet*"))
	_, err := zoo.List("[")
	require.EqualError(t, err, `zoo: pattern "[": syntax error in pattern`)
	_, err = zoo.Find("ht-lstn")
	require.EqualError(t, err, `zoo: no model is called "ht-lstn"; did you mean "ht-lstm"?`)
	_, err = zoo.New("nothing", zoo.Options{})
	require.ErrorContains(t, err, `zoo: no model is called "nothing" (known: lstm, gru,`)
}

// described are the descriptions of all entries, whose plans take seconds.
var described = sync.OnceValues(func() (all []zoo.Description, err error) {
	entries, err := zoo.List("")
	same := map[string]zoo.Description{} // of entries that differ in their names alone
	for _, e := range entries {
		name := e.Name
		e.Name = ""
		d, known := same[fmt.Sprint(e)]
		if !known {
			var failed error
			if d, failed = zoo.Describe(e); failed != nil {
				return nil, failed
			}
			same[fmt.Sprint(e)] = d
		}
		d.Name = name
		all = append(all, d)
	}
	return all, err
})

// All figures of all entries; run with -update after a change that is meant.
func TestGoldenDescriptions(t *testing.T) {
	all, err := described()
	require.NoError(t, err)
	var ds []zoo.Description
	for _, d := range all {
		require.Positive(t, d.MulAddsPerFrame)
		require.NotEmpty(t, d.Plan)
		d.MulAddsPerFrame, d.Plan = 0, "" // what is planned depends on the backend
		d.Layers = nil                    // they are recounted elsewhere
		ds = append(ds, d)
	}
	got, err := json.MarshalIndent(ds, "", "  ")
	require.NoError(t, err)
	const file = "../testdata/zoo.golden.json"
	if *update {
		require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

// Editors on Windows begin a file with a byte order mark.
func TestSpecWithByteOrderMark(t *testing.T) {
	s, err := zoo.ParseSpec([]byte("\ufeff" + `{"cell": "gru", "in_modes": [2], "out_modes": [2]}`))
	require.NoError(t, err)
	require.Equal(t, "gru", s.Cell)
}

func TestSpecErrors(t *testing.T) {
	for spec, text := range map[string]string{
		`{`:                            "zoo: spec (line 1, column 2) is not valid JSON: unexpected EOF",
		`{"cel": "x"}`:                 `zoo: spec (line 1, column 2) has no field "cel"; did you mean "cell"? (known: cell, format,`,
		`{"in_modes": ["8"]}`:          `zoo: spec field "in_modes" (line 1, column 2) is a JSON string; want a whole number`,
		`{"joint": 1}`:                 `zoo: spec field "joint" (line 1, column 2) is a JSON number; want true or false`,
		``:                             "zoo: spec is empty; want a JSON object",
		`[1]`:                          `zoo: spec is a JSON array; want an object such as {"cell": "lstm", ...}`,
		`{"ranks": 3, "format": "tt"}`: `zoo: spec field "ranks" (line 1, column 2) is a JSON number; want a list of whole numbers, such as [3]`,
		"{\n  \"cell\": \"lstm\",\n  \"ranks\": [2,,]\n}":                                                       "zoo: spec (line 3, column 15) is not valid JSON: invalid character ','",
		"{\"cell\": \"gru\",\n \"upper\": [{\"format\": \"tt\", \"ranks\": [1]},\n  {\"cell\": \"gru\"}]}":      `zoo: spec (line 3, column 4) has no field "upper.cell" (known: out_modes, format, ranks,`,
		"{\"upper\": [{\"format\": \"tt\", \"ranks\": [1]},\n  {\"ranks\": [2, 2.5], \"format\": \"tt\"}]}":     `zoo: spec field "upper.ranks" (line 2, column 4) is a JSON number 2.5; want a whole number`,
		"{\"cell\": \"gru\",\n\"recurrent\": {\"out_modes\": [2]}}":                                             `zoo: spec (line 2, column 15) has no field "recurrent.out_modes" (known: format,`,
		"{\"cell\": \"gru\",\n\"recurrent\": 5}":                                                                `zoo: spec field "recurrent" (line 2, column 1) is a JSON number; want an object such as {"format": "tt", "ranks": [4]}`,
		`{"cel": 1} {`:                                                                                          `zoo: spec (line 1, column 2) has no field "cel"`,
		"{\"tree\": [1, 2], \"format\": \"ht\",\n\"upper\": [{\"tree\": [1], \"format\": \"ht\"}]}":             `zoo: spec (line 2, column 12): tree [1]: want a mode or a pair of trees`,
		`{"ranks": [1e999], "format": "tt"}`:                                                                    `zoo: spec field "ranks" (line 1, column 2) is a JSON number 1e999; want a whole number`,
		`{"x": 1e999, "upper": [5]}`:                                                                            `zoo: spec (line 1, column 2) has no field "x"`,
		`{"upper": [5]}`:                                                                                        `zoo: spec field "upper" (line 1, column 2) is a JSON number; want a list of layers`,
		`{"a": {"cell": 1}}`:                                                                                    `zoo: spec (line 1, column 2) has no field "a"`,
		strings.Repeat(`{"a": `, 9000) + "1" + strings.Repeat("}", 9000):                                        `zoo: spec (line 1, column 2) has no field "a"`,
		`{"cell": "lstm"} 1`:                                                                                    "zoo: spec goes on after its closing brace; want one JSON object",
		`{"cell": "gnu", "in_modes": [2], "out_modes": [2]}`:                                                    `zoo: spec field "cell": cells: no cell "gnu"; did you mean "gru"? (known: gru, lstm, rnn)`,
		`{"cell": "gru", "out_modes": [2]}`:                                                                     `zoo: spec field "in_modes" is missing`,
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "format": "cp"}`:                                    `zoo: spec (line 1, column 52): no format "cp" (known: dense, tt, tr, bt, ht, low-rank)`,
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "format": "tx"}`:                                    `zoo: spec (line 1, column 52): no format "tx"; did you mean "tt"?`,
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "format": "ht", "ranks": [2]}`:                      `zoo: spec (line 1, column 68): format ht has no field "ranks"; it takes leaf_ranks`,
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "features": 3}`:                                     `zoo: spec field "features" is 3, but "in_modes" multiply to 2; want at most that`,
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "features": -1}`:                                    `zoo: spec field "features" is -1`,
		`{"cell": "gru", "in_modes": [0, 9], "out_modes": [2], "features": 3}`:                                  "every mode is at least 1",
		fmt.Sprintf(`{"cell": "gru", "in_modes": [%d, 9], "out_modes": [2], "features": 3}`, math.MaxInt):       "multiply to more than",
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "hidden": 3}`:                                       `zoo: spec field "hidden" is 3, but "out_modes" multiply to 2`,
		`{"cell": "gru", "in_modes": [2, 3], "out_modes": [2, 2], "format": "tt", "ranks": [99]}`:               "decomp: TT rank 1 is 99, but input modes 2·3 and output modes 6·2 allow at most 6",
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "format": "ht", "tree": [1]}`:                       "want a mode or a pair of trees",
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "format": "ht", "tree": [1, 2]}`:                    "decomp: HT tree has mode 2; modes are 1 to 1",
		`{"cell": "gru", "in_modes": [2000000000], "out_modes": [100000000]}`:                                   "has more than 2^40 elements",
		fmt.Sprintf(`{"cell": "gru", "in_modes": [%d], "out_modes": [%[1]d]}`, math.MaxInt):                     "multiply to more than",
		`{"cell": "rnn", "in_modes": [2], "out_modes": [1073741825, 2]}`:                                        "multiply to more than 2147483647",
		`{"cell": "lstm", "in_modes": [2], "out_modes": [1073741825]}`:                                          "cells: layer1 has output modes [1073741825]; with 4 gates in 1 directions they multiply to more than 2147483647",
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "dropout": 1}`:                                      "cells: layer1 has dropout 1; want at least 0 and below 1",
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "joint": true, "recurrent": {"format": "dense"}}`:   `zoo: spec has fields "joint" and "recurrent"`,
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "classes": 1}`:                                      "zoo: the model has 1 classes",
		`{"cell": "gru", "in_modes": [2], "out_modes": [2], "format": "bt", "ranks": [1], "blocks": 100000000}`: "decomp: BT has 100000000 blocks; want 1 to 32768 of 2 cores each",

		// Products and numbers that no int holds.
		fmt.Sprintf(`{"cell": "lstm", "in_modes": [4, 4], "out_modes": [%d, 1], "format": "tt", "ranks": [2], "joint": true}`, math.MaxInt/2+2): "multiply to more than 2147483647",
		fmt.Sprintf(`{"cell": "lstm", "in_modes": [%d, %[1]d], "out_modes": [4]}`, math.MaxInt/2+1):                                             "which multiply to more than 2147483647",
		fmt.Sprintf(`{"cell": "lstm", "in_modes": [4], "out_modes": [4], "classes": %d}`, math.MaxInt):                                          `zoo: spec field "classes" is `,
		`{"cell": "lstm", "in_modes": [4], "out_modes": [99999999999999999999]}`:                                                                fmt.Sprintf("is a JSON number 99999999999999999999; want a whole number of at most %d", math.MaxInt),
	} {
		t.Run(spec, func(t *testing.T) {
			s, err := zoo.ParseSpec([]byte(spec))
			if err == nil {
				if s.Classes == 0 {
					s.Classes = 2
				}
				_, err = zoo.FromSpec(s, zoo.Options{})
			}
			require.ErrorContains(t, err, text)
		})
	}
}

// No spec, however odd, panics.
func FuzzParseSpec(f *testing.F) {
	f.Add([]byte(`{"cell":"lstm","format":"ht","in_modes":[4,4,6],"out_modes":[2,2,2],"leaf_ranks":[2],"inner_ranks":[2],"tree":[[1,2],3]}`))
	f.Add([]byte(`{"cell":"gru","format":"tr","in_modes":[4,6],"out_modes":[2],"ranks":[2],"bidirectional":true,"upper":[{"format":"tt"}]}`))
	f.Add([]byte(`{"cell":"lstm","format":"tt","in_modes":[4,4],"out_modes":[2,2],"ranks":[2],"features":13}`))
	f.Add([]byte(`{"cell":"gru","format":"tt","in_modes":[4,4],"out_modes":[3,2],"ranks":[2],"joint":true,"upper":[{}]}`))
	f.Add([]byte(`{"cell":"rnn","format":"bt","blocks":3,"in_modes":[1],"out_modes":[1],"ranks":[1],"recurrent":{"format":"tt","ranks":[2]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := zoo.ParseSpec(data); err == nil {
			d, err := zoo.Describe(zoo.Entry{Spec: s})
			if err == nil && d.InputToHidden < 1 {
				t.Fatalf("%s counts %d", data, d.InputToHidden)
			}
		}
	})
}

var tiny = zoo.Spec{Cell: "lstm", Format: decomp.TT{Ranks: []int{2}}, InModes: []int{2, 3}, OutModes: []int{2, 2}, Classes: 3}

// RecurrentDropout alone is that of the state, whatever Dropout says of both.
func TestDropoutOptions(t *testing.T) {
	a, b := 0.25, 0.5
	spec := zoo.Spec{Cell: "gru", InModes: []int{4}, OutModes: []int{2}, Classes: 3, Dropout: 0.1, RecurrentDropout: 0.2}
	for _, test := range []struct{ both, state, input, recurrent *float64 }{
		{nil, nil, &spec.Dropout, &spec.RecurrentDropout}, {&a, nil, &a, &a}, {nil, &b, &spec.Dropout, &b}, {&a, &b, &a, &b},
	} {
		m, err := zoo.FromSpec(spec, zoo.Options{Dropout: test.both, RecurrentDropout: test.state})
		require.NoError(t, err)
		require.Equal(t, *test.input, m.Spec().Dropout)
		require.Equal(t, *test.recurrent, m.Spec().RecurrentDropout)
	}
}

func TestClassifierParam(t *testing.T) {
	m, err := zoo.FromSpec(zoo.Spec{Cell: "gru", InModes: []int{4}, OutModes: []int{2}, Classes: 3}, zoo.Options{})
	require.NoError(t, err)
	var names []string
	for _, p := range m.Params() {
		if p.IsClassifier() {
			names = append(names, p.Name)
		}
	}
	require.Equal(t, []string{"head.weight"}, names)
}

func TestBuildErrors(t *testing.T) {
	m, err := zoo.FromSpec(tiny, zoo.Options{})
	require.NoError(t, err)
	g := G.NewGraph()
	x := func(g *G.ExprGraph, dt tensor.Dtype, shape ...int) *G.Node {
		return G.NewTensor(g, dt, len(shape), G.WithShape(shape...), G.WithName("x"))
	}
	_, err = m.Build(G.NewGraph(), x(g, tensor.Float32, 2, 3, 6), zoo.BuildOptions{})
	require.EqualError(t, err, `zoo: the input node "x" is not of the graph the model is built into`)
	g = G.NewGraph()
	_, err = m.Build(g, x(g, tensor.Float64, 2, 3, 6), zoo.BuildOptions{})
	require.EqualError(t, err, `zoo: the input node "x" is float64, the model float32`)
	g = G.NewGraph()
	_, err = m.Build(g, x(g, tensor.Float32, 2, 3, 7), zoo.BuildOptions{})
	require.EqualError(t, err, "cells: layer1 input modes 2·3 = 6, but x has shape (2, 3, 7); want (batch, steps, 6)")
	g = G.NewGraph()
	in := x(g, tensor.Float32, 2, 3, 6)
	_, err = m.Build(g, in, zoo.BuildOptions{})
	require.NoError(t, err)
	_, err = m.Build(g, in, zoo.BuildOptions{})
	require.ErrorContains(t, err, `give BuildOptions a Prefix: graph: the graph already has an input named "layer1.input.G1"`)
	_, err = m.Build(g, in, zoo.BuildOptions{Prefix: "second."})
	require.NoError(t, err)

	padded := tiny
	padded.Features = 5
	m, err = zoo.FromSpec(padded, zoo.Options{})
	require.NoError(t, err)
	g = G.NewGraph()
	_, err = m.Build(g, x(g, tensor.Float32, 2, 3, 6), zoo.BuildOptions{})
	require.EqualError(t, err, "cells: layer1 input modes 2·3 = 6, 1 of them zeros, but x has shape (2, 3, 6); want (batch, steps, 5)")
}

// One seed gives one set of weights, another seed another.
func TestSeed(t *testing.T) {
	weights := func(seed uint64) (all []float32) {
		m, err := zoo.FromSpec(tiny, zoo.Options{Seed: seed})
		require.NoError(t, err)
		for _, p := range m.Params() {
			all = append(all, p.Value.Data().([]float32)...)
		}
		return all
	}
	require.Equal(t, weights(1), weights(1))
	require.NotEqual(t, weights(1), weights(2))
}
