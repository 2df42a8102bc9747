package zoo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/drawing"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// lowRank is a format that this package knows nothing of: the product of two thin
// matrices.
type lowRank struct {
	Rank int `json:"rank"`
}

func (lowRank) Name() string { return "low-rank" }

func (f lowRank) Matrix(in, out []int) (*decomp.Matrix, error) {
	a := decomp.Leg{Kind: decomp.Input, Name: "a", Size: multiplied(in)}
	i := decomp.Leg{Kind: decomp.Output, Name: "i", Size: multiplied(out)}
	s := decomp.Leg{Kind: decomp.Rank, Name: "s", Size: f.Rank}
	return decomp.NewMatrix(f.Name(), []decomp.Leg{a}, []decomp.Leg{i}, decomp.Network{
		{Name: "A", Legs: []decomp.Leg{a, s}}, {Name: "B", Legs: []decomp.Leg{s, i}},
	})
}

func (lowRank) WithRank(rank, _ int) decomp.Format { return lowRank{rank} }

// hidden is a format that is not registered.
type hidden struct{ lowRank }

func (hidden) Name() string { return "hidden" }

func init() { decomp.Register(lowRank{}) }

// A registered format is as good as those of package decomp: in specs, entries,
// descriptions, proposals, drawings, graphs, training, checkpoints and predictors.
func TestRegisteredFormat(t *testing.T) {
	const text = `{"cell":"gru","format":"low-rank","rank":3,"in_modes":[4,6],"out_modes":[2,4],"recurrent":{"format":"low-rank","rank":2},` +
		`"upper":[{"format":"low-rank","rank":1}],"bidirectional":true,"classes":2}`
	s, err := zoo.ParseSpec([]byte(text))
	require.NoError(t, err)
	require.Equal(t, zoo.Spec{
		Cell: "gru", Format: lowRank{3}, InModes: []int{4, 6}, OutModes: []int{2, 4}, Recurrent: lowRank{2},
		Upper: []zoo.LayerSpec{{Format: lowRank{1}}}, Bidirectional: true, Classes: 2,
	}, s)
	back, err := json.Marshal(s)
	require.NoError(t, err)
	require.Equal(t, text, string(back))

	zoo.Register(zoo.Entry{Name: "low-rank-gru", Spec: s})
	t.Cleanup(func() { zoo.Unregister("low-rank-gru") }) // other tests count the entries
	e, err := zoo.Find("low-rank-gru")
	require.NoError(t, err)
	d, err := zoo.Describe(e)
	require.NoError(t, err)
	require.Equal(t, "low-rank", d.Format)
	require.Equal(t, []int{3}, d.Ranks)
	require.Equal(t, 2*(24*3+3*24)+2*(16+24), d.InputToHidden)
	require.Len(t, d.Layers[0].Weights[1].Cores, 2)
	require.Contains(t, zoo.SuggestedFormats(), "low-rank")
	proposed, err := zoo.Suggest(zoo.SuggestOptions{Cell: "gru", Format: "low-rank", Features: 100, Hidden: 16, Budget: 500})
	require.NoError(t, err)
	require.Equal(t, lowRank{500 / (100 + 48)}, proposed.Format)

	weights, err := s.Weights()
	require.NoError(t, err)
	drawn := filepath.Join(t.TempDir(), "low-rank.svg")
	require.NoError(t, drawing.Draw(drawn, drawing.Panel{Title: "W", Matrix: weights[0].Matrix}))
	svg, err := os.ReadFile(drawn)
	require.NoError(t, err)
	require.Contains(t, string(svg), ">24</text>")

	m, err := zoo.New("low-rank-gru", zoo.Options{Seed: 1})
	require.NoError(t, err)
	const clips, steps = 4, 3
	x, labels := frames(clips*steps*24), []int{0, 1, 0, 1}
	st, err := train.NewStepper(m, steps, []int{24}, train.Config{Batch: clips, LearningRate: 0.02, Threads: 2})
	require.NoError(t, err)
	defer st.Close()
	var losses []float64
	for range 10 {
		loss, err := st.Step(x, nil, labels)
		require.NoError(t, err)
		losses = append(losses, loss)
	}
	require.Less(t, losses[9], losses[0]/2)

	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, m.Save(dir))
	loaded, err := zoo.Load(dir)
	require.NoError(t, err)
	require.Equal(t, s, loaded.Spec())
	want := built(t, m, x, clips, steps, nil)
	require.Equal(t, want, built(t, loaded, x, clips, steps, nil))
	p, err := loaded.Predictor(clips)
	require.NoError(t, err)
	defer p.Close()
	got, err := p.Clip(x, steps, nil)
	require.NoError(t, err)
	near(t, want, got, "low-rank")
}

// What a spec names must be known where it is read.
func TestFormatErrors(t *testing.T) {
	_, err := zoo.ParseSpec([]byte(`{"cell": "gru", "in_modes": [2], "out_modes": [2], "format": "low-rank", "rank": "3"}`))
	require.EqualError(t, err, `zoo: spec field "rank" (line 1, column 74) is a JSON string; want a whole number`)
	_, err = zoo.ParseSpec([]byte(`{"cell": "gru", "recurrent": {"format": "low-rank", "ranks": [3]}}`))
	require.EqualError(t, err, `zoo: spec (line 1, column 53): format low-rank has no field "ranks"; it takes rank`)
	_, err = zoo.ParseSpec([]byte(`{"cell": "gru", "upper": [{}, {"format": "lowrank"}]}`))
	require.EqualError(t, err, `zoo: spec (line 1, column 32): no format "lowrank"; did you mean "low-rank"? (known: dense, tt, tr, bt, ht, low-rank)`)

	m, err := zoo.FromSpec(zoo.Spec{Cell: "gru", Format: hidden{lowRank{1}}, InModes: []int{2}, OutModes: []int{2}}, zoo.Options{Classes: 2})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "m")
	require.EqualError(t, m.Save(dir), "zoo: "+dir+` is not saved: spec: no format "hidden" (known: dense, tt, tr, bt, ht, low-rank)`)
	require.NoDirExists(t, dir)
	require.PanicsWithValue(t, `decomp: Register: the name "low-rank" is empty or taken`, func() { decomp.Register(lowRank{}) })
}

func TestRegisterErrors(t *testing.T) {
	good := zoo.Spec{Cell: "gru", InModes: []int{2}, OutModes: []int{2}}
	for text, e := range map[string]zoo.Entry{
		`zoo: Register: the name "ht-lstm" is taken`:                                                                 {Name: "ht-lstm", Spec: good},
		`zoo: Register: the name "a/b" is not letters, digits, -, _ and . alone`:                                     {Name: "a/b", Spec: good},
		`zoo: Register: the name "" is not letters, digits, -, _ and . alone`:                                        {Spec: good},
		`zoo: Register: bad: zoo: spec field "out_modes" is missing; want a list of modes such as [8, 10, 10, 9, 8]`: {Name: "bad", Spec: zoo.Spec{Cell: "gru", InModes: []int{2}}},
	} {
		require.PanicsWithValue(t, text, func() { zoo.Register(e) })
	}
}
