package decomp_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
)

// pointed is a format with a method of its pointer, and fields that JSON has not.
type pointed struct {
	Ranks  []int `json:"ranks"`
	Scale  float64
	Hidden int `json:"-"`
	own    int
}

func (*pointed) Name() string { return "pointed" }
func (f *pointed) Matrix(in, out []int) (*decomp.Matrix, error) {
	return decomp.TT{Ranks: f.Ranks}.Matrix(in, out)
}

type named struct {
	decomp.Dense
	name string
}

func (n named) Name() string { return n.name }

type number int

func (number) Name() string                                 { return "number" }
func (number) Matrix(in, out []int) (*decomp.Matrix, error) { return decomp.Dense{}.Matrix(in, out) }

func init() { decomp.Register(&pointed{own: 1}) }

func TestRegistry(t *testing.T) {
	require.Equal(t, []string{"dense", "tt", "tr", "bt", "ht"}, decomp.Formats()[:5])
	require.Contains(t, decomp.Formats(), "pointed")
	require.Equal(t, []string{"ranks", "blocks", "leaf_ranks", "inner_ranks", "root_rank", "tree", "share_transfer"}, decomp.FormatFields()[:7])
	require.ElementsMatch(t, []string{"rank", "Scale"}, decomp.FormatFields()[7:]) // of formats of tests
	for text, register := range map[string]decomp.Format{
		`decomp: Register: the name "tt" is empty or taken`: named{name: "tt"},
		`decomp: Register: the name "" is empty or taken`:   named{},
		`decomp: Register: format number is no struct`:      number(1),
	} {
		require.PanicsWithValue(t, text, func() { decomp.Register(register) })
	}
}

// What a format's JSON has is what ParseFormat makes of it.
func TestParseFormat(t *testing.T) {
	leaf := func(k int) *decomp.Tree { return &decomp.Tree{Mode: k} }
	for text, want := range map[string]decomp.Format{
		`{}`:                       decomp.Dense{},
		`{"ranks":[2,3]}`:          decomp.TT{Ranks: []int{2, 3}},
		`{"ranks":[4]}`:            decomp.TR{Ranks: []int{4}},
		`{"ranks":[4],"blocks":2}`: decomp.BT{Ranks: []int{4}, Blocks: 2},
		`{"ranks":[1],"Scale":2}`:  &pointed{Ranks: []int{1}, Scale: 2},
		`{"leaf_ranks":[2],"inner_ranks":[3],"root_rank":2,"tree":[[3,1],2],"share_transfer":true}`: decomp.HT{
			Leaf: []int{2}, Inner: []int{3}, Root: 2, Tree: &decomp.Tree{Left: &decomp.Tree{Left: leaf(3), Right: leaf(1)}, Right: leaf(2)}, Share: true,
		},
	} {
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &fields))
		got, err := decomp.ParseFormat(want.Name(), fields)
		require.NoError(t, err)
		require.Equal(t, want, got)
		back, err := json.Marshal(got)
		require.NoError(t, err)
		require.JSONEq(t, text, string(back))
	}
	for text, c := range map[string]struct{ name, fields string }{
		`decomp: no format "cp" (known: `:                                       {"cp", `{}`},
		`decomp: format tt has no field "rank"; it takes ranks`:                 {"tt", `{"rank":2}`},
		`decomp: format dense has no field "ranks"; it takes none`:              {"dense", `{"ranks":[2]}`},
		`decomp: format ht: tree [1]: want a mode or a pair of trees, such as`:  {"ht", `{"tree":[1]}`},
		`decomp: format ht: tree has 64 pairs; want at most 63, of 64 modes`:    {"ht", `{"tree":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}`},
		`decomp: format bt: json: cannot unmarshal string into Go struct field`: {"bt", `{"blocks":"2"}`},
	} {
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(c.fields), &fields))
		_, err := decomp.ParseFormat(c.name, fields)
		require.ErrorContains(t, err, text)
	}
}

// One rank for all is a valid format for matrices of few modes and of many.
func TestWithRank(t *testing.T) {
	for _, name := range decomp.Formats() {
		f, err := decomp.ParseFormat(name, nil)
		require.NoError(t, err)
		r, ok := f.(decomp.Ranked)
		require.Equal(t, name != "dense" && name != "pointed" && name != "low-rank", ok, name)
		for modes := 1; ok && modes < 6; modes++ {
			in, out := slices.Repeat([]int{3}, modes), slices.Repeat([]int{2}, modes)
			m, err := r.WithRank(1, modes).Matrix(in, out)
			require.NoError(t, err, "%s of %d modes", name, modes)
			require.Equal(t, 1, m.Ranks()[0])
		}
	}
}
