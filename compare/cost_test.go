package compare

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/zoo"
)

func TestCostTable(t *testing.T) {
	costs := []*Cost{{Model: "ht-lstm", StepMedian: 30, InputToHidden: 1245, Params: 267240, MulAdds: 2345678, Backend: "x"}, {Model: "lstm", Format: "dense", StepMedian: 300, Frame: 241.4, Backend: "x"}}
	out := CostTable(costs)
	require.Regexp(t, `ht-lstm +│ +30\.0 .* 10\.0 `, out)
	require.Regexp(t, `ht-lstm .* - │ `, out, "no frame alone")
	require.Contains(t, out, " 241 │")
	require.Regexp(t, ` 1,245 │ +267,240 │ +2,345,678 │`, out)
	require.Regexp(t, ` lstm +│ +300\.0 .* 1\.0 `, out)
}

func TestGrowth(t *testing.T) {
	values := sweeps[0].values
	sweeps[0].values = []int{2, 4}
	defer func() { sweeps[0].values = values }()
	dir := filepath.Join(t.TempDir(), "new")
	var seen []int
	onPoint := func(size string, done, all int) {
		require.Equal(t, "input", size)
		require.Equal(t, 8, all)
		seen = append(seen, done)
	}
	g, err := MeasureGrowth(context.Background(), dir, Measuring{Threads: 1, Batch: 2, Steps: 1, Runs: 3}, onPoint, "input")
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, seen)
	require.Contains(t, g.Text(), " 16 - 256 ")
	require.FileExists(t, filepath.Join(dir, "growth-input.png"))
	file, err := os.Open(filepath.Join(dir, "growth.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+4*2)
	require.Equal(t, []string{"input", "tt", "16"}, rows[1][:3])
}

func TestUnknownSize(t *testing.T) {
	_, err := MeasureGrowth(context.Background(), t.TempDir(), Measuring{Batch: 1, Steps: 1, Threads: 1, Runs: 1}, nil, "modes", "ranks")
	require.EqualError(t, err, `compare: the sizes ["modes" "ranks"]; want some of input, modes, rank, batch, steps and hidden, each once`)
	_, err = MeasureGrowth(context.Background(), t.TempDir(), Measuring{Batch: 1, Steps: 1, Runs: 1}, nil)
	require.ErrorContains(t, err, "compare: Measuring.Threads is 0; want at least 1")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = MeasureGrowth(ctx, t.TempDir(), Measuring{Batch: 1, Steps: 1, Threads: 1, Runs: 1}, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// The largest point of every sweep is a valid model, and with TENSORZOO_LONG=1 all are.
func TestSweeps(t *testing.T) {
	for _, s := range sweeps {
		values := s.values
		if os.Getenv("TENSORZOO_LONG") != "1" {
			values = values[len(values)-1:]
		}
		for _, v := range values {
			p := point{modes: 4, in: 16, out: 4, rank: 4, batch: 16, steps: 6}
			s.set(&p, v)
			if s.name == "modes" {
				require.Equal(t, 65536.0, power(p.in, p.modes))
				require.Equal(t, 256.0, power(p.out, p.modes))
			}
			for _, format := range []string{"tt", "tr", "bt", "ht"} {
				d, err := zoo.Describe(zoo.Entry{Spec: p.spec(format)})
				require.NoError(t, err, "%s %d", s.name, v)
				w, err := p.spec(format).Weights()
				require.NoError(t, err)
				require.Equal(t, d.InputToHidden, w[0].Matrix.Params(), "%s %d: the matrix of the model", s.name, v)
			}
		}
	}
}

// The bounds of a small point, worked out by hand from the paper's table: d = 2,
// n = 3, m = 4·5 = 20, r = 2, N = 9, M = 4·25 = 100.
func TestBound(t *testing.T) {
	p := point{modes: 2, in: 3, out: 5, rank: 2}
	require.Equal(t, Projection{2 * 20 * 3 * 4, 2 * 20 * 4 * 9, 4 * 20 * 16 * 9}, p.bound("tt"))
	require.Equal(t, Projection{2 * 20 * 3 * 4, 2*8*9 + 2*8*100, 4*32*9 + 3*4*32*100}, p.bound("tr"))
	require.Equal(t, Projection{2*20*3*2 + 4, 2 * 20 * 4 * 9, 4 * 20 * 4 * 9}, p.bound("bt"))
	require.Equal(t, Projection{2*20*3*2 + 2*8, 2*20*4*9 + 2*8*9, 4*20*32*9 + 4*64*9}, p.bound("ht"))
}

func TestExponent(t *testing.T) {
	require.Equal(t, "2.00", Curve{Points: []Grown{{Size: 2}, {Size: 8}}}.grew(5, 80))
}
