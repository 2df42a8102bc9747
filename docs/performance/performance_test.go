package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// The page has the tables of the figures beside it, and each of them stands in it.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../performance.md")
	require.NoError(t, err)
	all, err := readRecords(".")
	require.NoError(t, err)
	text, err := rendered(string(page), all)
	require.NoError(t, err)
	require.Equal(t, text, string(page), "go run ./docs/performance -render")
	for name := range views {
		require.Contains(t, text, "<!-- figures "+name+" -->")
	}
}

func TestFiguresOfOneProcessorAreReplaced(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "page.md")
	require.NoError(t, os.WriteFile(page, []byte("# Title\n\n<!-- figures adam -->\nold\n<!-- end -->\n\nText.\n"), 0o666))
	save := func(processor, note string, ns float64) {
		r := &record{Table: "adam", Processor: processor, Note: note, Rows: []row{{Name: "norm", Values: map[string]float64{"ns": ns}}}}
		require.NoError(t, r.save(dir))
		require.NoError(t, renderPage(page, dir))
	}
	save("One, AVX2", "by hand", 3)
	save("One, AVX-512", "", 2)
	save("One, AVX2", "", 1)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "# Title\n\n<!-- figures adam -->\n\n|  | One, AVX-512 | One, AVX2 |\n|---|---|---|\n| norm | 2.0 | 1.0 |\n\n<!-- end -->\n\nText.\n", string(text))
	all, err := readRecords(dir)
	require.NoError(t, err)
	require.Equal(t, "by hand", all[1].Note)

	_, err = rendered("<!-- figures adams -->\n<!-- end -->", all)
	require.ErrorContains(t, err, `"adams"`)
}

func TestLongSequencesHaveAColumnForEachLength(t *testing.T) {
	at := func(steps int, ms, theirs float64) row {
		r := row{Name: "gru 64", Threads: 1, Steps: steps, Values: map[string]float64{"step": ms}}
		if theirs > 0 {
			r.Peer = map[string]float64{"step": theirs}
		}
		return r
	}
	all := []*record{{Table: "recurrences", Processor: "A", Rows: []row{at(6, 1.25, 2), at(1500, 123.4, 0)}}, {Table: "recurrences", Processor: "B", Rows: []row{at(100, 3, 0)}}}
	require.Equal(t, [][]string{
		{"processor", "cell, units", "threads", "6 steps", "100 steps", "1500 steps"},
		{"A", "gru 64", "1", "1.2 (2.0)", "-", "123"},
		{"B", "gru 64", "1", "-", "3.0", "-"},
	}, views["long steps"](all))
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Chdir("../..")
	for args, says := range map[string]string{
		"-tables steps,adams":    `-tables has "adams"; want some of steps, recurrences, shares, products, adam`,
		"-pairs 0":               "-pairs is 0; want 1 to 100",
		"-figures nowhere":       "-figures: there is no folder nowhere",
		"-page nowhere -render":  "-page: stat nowhere",
		"-brief":                 "-brief measures too little for the docs",
		"steps":                  `"steps" is no flag`,
		"-tables steps -no-flag": "no-flag",
	} {
		err := run(context.Background(), strings.Fields(args), io.Discard, io.Discard)
		require.ErrorContains(t, err, says, args)
		require.True(t, cmdline.IsUsage(err), args)
	}
}

// A peer reads the network of cores with the gates in the first output mode.
func TestPeerIsAsked(t *testing.T) {
	m := &machine{options: &options{peer: []string{"sh", "-c", `cat > "$0"; echo '{"is": "a peer", "how": "well", "values": {"step": 2.5}}'`, filepath.Join(t.TempDir(), "job")}}, ctx: context.Background(), log: io.Discard}
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell")
	}
	r, err := m.askPeer(job{Spec: specOf(t, "ht-lstm")})
	require.NoError(t, err)
	require.Equal(t, &peerReply{"a peer", "well", map[string]float64{"step": 2.5}}, r)
	asked, err := os.ReadFile(m.peer[3])
	require.NoError(t, err)
	require.Contains(t, string(asked), `"features":57600,"hidden":256`)
	require.Contains(t, string(asked), `"outputs":[{"name":"i1","size":16}`)
	require.Equal(t, 9, strings.Count(string(asked), "],[")+1)

	m.peer = []string{"sh", "-c", "echo no torch here >&2; exit 1"}
	_, err = m.askPeer(job{Spec: specOf(t, "lstm")})
	require.ErrorContains(t, err, "no torch here")
}

func specOf(t *testing.T, model string) zoo.Spec {
	e, err := zoo.Find(model)
	require.NoError(t, err)
	return e.Spec
}
