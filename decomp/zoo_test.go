package decomp_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/backend"
	"github.com/tensorzoo/tensorzoo/zoo"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The plans of every entry of the zoo, for training and for inference, with their
// costs: those of one processor, whatever this one is. The test stands here, as it
// needs a search with costs that are not this machine's.
func TestPlansOfTheZoo(t *testing.T) {
	entries, err := zoo.List("")
	require.NoError(t, err)
	type planned struct {
		what    string
		entries []string
		plan    *decomp.Plan
	}
	var plans []*planned
	known := map[string]*planned{}
	for _, e := range entries {
		input, recurrent := matricesOf(t, e.Spec)
		for _, w := range []struct {
			what string
			m    *decomp.Matrix
			opt  decomp.PlanOptions
		}{
			{"input, training", input, decomp.PlanOptions{Rows: 96, Uses: 1}},
			{"input, inference", input, decomp.PlanOptions{Rows: 1, Uses: 1, Inference: true}},
			{"recurrent, training", recurrent, decomp.PlanOptions{Rows: 16, Uses: 6}},
			{"recurrent, inference", recurrent, decomp.PlanOptions{Rows: 1, Uses: 1, Inference: true}},
		} {
			key := fmt.Sprint(w.what, w.m.Terms)
			if known[key] == nil {
				known[key] = &planned{what: w.what, plan: w.m.PlanOn(backend.AVX2(), w.opt)}
				plans = append(plans, known[key])
			}
			known[key].entries = append(known[key].entries, e.Name)
		}
	}
	var b strings.Builder
	for _, p := range plans {
		fmt.Fprintf(&b, "%s\n%s: %.6g ns\n%v", strings.Join(p.entries, " "), p.what, p.plan.Nanoseconds, p.plan)
		for _, line := range p.plan.Merges() {
			b.WriteString(line)
		}
		b.WriteString("\n")
	}
	const golden = "testdata/zoo_plans.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "go test ./decomp -run PlansOfTheZoo -update writes it")
	require.Equal(t, string(want), b.String())
}

// matricesOf are those of the first layer of a spec, gates folded in.
func matricesOf(t testing.TB, s zoo.Spec) (input, recurrent *decomp.Matrix) {
	cell, err := cells.Find(s.Cell)
	require.NoError(t, err)
	stack, err := cells.New(cells.Layer{Cell: cell, In: s.InModes, Out: s.OutModes, Input: s.Format, Joint: s.Joint})
	require.NoError(t, err)
	require.Empty(t, s.Upper)
	require.Nil(t, s.Recurrent)
	return stack.Products(0)
}
