package drawing

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/decomp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The formats, in small: a size of 1, a rank of the root, a shared name.
var golden = map[string]struct {
	format  decomp.Format
	in, out []int
}{
	"tt": {decomp.TT{Ranks: []int{2, 3}}, []int{4, 5, 6}, []int{8, 1, 3}},
	"tr": {decomp.TR{Ranks: []int{3, 2, 4, 2, 2}}, []int{4, 3, 5}, []int{6, 2}},
	"bt": {decomp.BT{Blocks: 2, Ranks: []int{2, 3, 2}}, []int{4, 5, 6}, []int{8, 1, 3}},
	"ht": {decomp.HT{Leaf: []int{2, 2, 2, 3}, Inner: []int{2, 3}, Root: 2, Share: true}, []int{4, 5, 6, 7}, []int{8, 1, 3, 2}},
}

func matrix(t *testing.T, name string) *decomp.Matrix {
	g := golden[name]
	m, err := g.format.Matrix(g.in, g.out)
	require.NoError(t, err)
	return m
}

func TestGolden(t *testing.T) {
	for name := range golden {
		panel := Panel{"A " + strings.ToUpper(name) + " matrix", matrix(t, name)}
		checkPage(t, panel)
		path := filepath.Join("testdata", name+".svg")
		if *update {
			require.NoError(t, Draw(path, panel))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		drawn := filepath.Join(t.TempDir(), name+".SVG")
		require.NoError(t, Draw(drawn, panel))
		got, err := os.ReadFile(drawn)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "look at the drawing, then go test -update")
	}
}

// The files are XML, whatever a title holds, and show every core and size.
func TestXML(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tt.svg")
	require.NoError(t, Draw(path, Panel{`<a> & "b"`, matrix(t, "tt")}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var texts []string
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if s, ok := token.(xml.CharData); ok && strings.TrimSpace(string(s)) != "" {
			texts = append(texts, string(s))
		}
	}
	require.Equal(t, []string{
		`<a> & "b"`, "G1", "G2", "G3", `<a> & "b"`, "2", "4", "8", "3", "5", "1", "6", "3", "input mode", "output mode", "rank",
	}, texts)
}

func TestManyTerms(t *testing.T) {
	for blocks, cores := range map[int]int{12: 24, 13: 26, 14: 24, 1000: 24} {
		m, err := decomp.BT{Blocks: blocks, Ranks: []int{1}}.Matrix([]int{2}, []int{2})
		require.NoError(t, err)
		f, _, err := compose([]Panel{{"many", m}})
		require.NoError(t, err)
		require.Len(t, f.Nodes, cores, blocks)
		checkPage(t, Panel{"many", m})
	}
}

// Networks of formats that are not ours.
func TestOtherNetworks(t *testing.T) {
	leg := func(kind decomp.Kind, name string) decomp.Leg { return decomp.Leg{Kind: kind, Name: name, Size: 3} }
	a1, a2, i1, i2 := leg(decomp.Input, "a1"), leg(decomp.Input, "a2"), leg(decomp.Output, "i1"), leg(decomp.Output, "i2")
	r, s, u, v := leg(decomp.Rank, "r"), leg(decomp.Rank, "s"), leg(decomp.Rank, "u"), leg(decomp.Rank, "v")
	for name, net := range map[string]decomp.Network{
		"thin matrices":         {{Name: "A", Legs: []decomp.Leg{a1, a2, s}}, {Name: "B", Legs: []decomp.Leg{s, i1, i2}}},
		"a core with it all":    {{Name: "A", Legs: []decomp.Leg{a1, i1, s}}, {Name: "B", Legs: []decomp.Leg{a2, s, r, i2}}, {Name: "C", Legs: []decomp.Leg{r, u}}},
		"a chain out of order":  {{Name: "B", Legs: []decomp.Leg{s, a1, r}}, {Name: "A", Legs: []decomp.Leg{a2, i1, s}}, {Name: "C", Legs: []decomp.Leg{r, i2}}},
		"modes at a tree's hub": {{Name: "hub", Legs: []decomp.Leg{r, a1, s, u}}, {Name: "A", Legs: []decomp.Leg{r, i1}}, {Name: "B", Legs: []decomp.Leg{s, i2}}, {Name: "C", Legs: []decomp.Leg{u, a2}}},
	} {
		m, err := decomp.NewMatrix(name, []decomp.Leg{a1, a2}, []decomp.Leg{i1, i2}, net)
		require.NoError(t, err)
		checkPage(t, Panel{name, m})
	}
	for name, net := range map[string]decomp.Network{
		"in two parts":       {{Name: "A", Legs: []decomp.Leg{a1, a2}}, {Name: "B", Legs: []decomp.Leg{i1, i2}}},
		"a trace":            {{Name: "A", Legs: []decomp.Leg{a1, a2, i1, i2, r, r}}},
		"joined twice":       {{Name: "A", Legs: []decomp.Leg{a1, a2, r, s}}, {Name: "B", Legs: []decomp.Leg{r, s, i1, i2}}},
		"a ring with a tail": {{Name: "A", Legs: []decomp.Leg{a1, r, s}}, {Name: "B", Legs: []decomp.Leg{a2, s, u}}, {Name: "C", Legs: []decomp.Leg{i1, u, r, v}}, {Name: "D", Legs: []decomp.Leg{i2, v}}},
	} {
		m, err := decomp.NewMatrix(name, []decomp.Leg{a1, a2}, []decomp.Leg{i1, i2}, net)
		require.NoError(t, err)
		require.ErrorContains(t, Draw(filepath.Join(t.TempDir(), "x.svg"), Panel{name, m}), "neither a chain nor a ring nor a tree", name)
	}
}

func TestErrors(t *testing.T) {
	require.ErrorContains(t, Draw("x.png", Panel{"x", matrix(t, "tt")}), `drawing: x.png: ending is ".png", want .svg`)
	require.ErrorContains(t, Draw("x.svg"), "no matrix to draw")
	nowhere := filepath.Join(t.TempDir(), "nowhere", "x.svg")
	require.ErrorIs(t, Draw(nowhere, Panel{"x", matrix(t, "tt")}), os.ErrNotExist)
}
