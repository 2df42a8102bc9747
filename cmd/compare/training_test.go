package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
)

// Two models of frames of 8 by 6 pixels.
const (
	ttSpec    = `{"cell": "lstm", "format": "tt", "joint": true, "in_modes": [12, 12], "out_modes": [4, 4], "ranks": [3]}`
	denseSpec = `{"cell": "gru", "in_modes": [144], "out_modes": [16]}`
)

// specs writes them as files.
func specs(t *testing.T) string {
	dir := t.TempDir()
	tt, dense := filepath.Join(dir, "tt.json"), filepath.Join(dir, "dense.json")
	require.NoError(t, os.WriteFile(tt, []byte(ttSpec), 0o600))
	require.NoError(t, os.WriteFile(dense, []byte(denseSpec), 0o600))
	return tt + "," + dense
}

func compareModels(ctx context.Context, models, out string, more ...string) (stdout, stderr string, err error) {
	var o, e bytes.Buffer
	args := append([]string{"-models", models, "-out", out, "-split", "few-subjects", "-epochs", "2", "-seeds", "2", "-rates", "1e-3,1e-2", "-augment", "brightness:0.2"}, more...)
	err = run(ctx, args, &o, &e)
	return o.String(), e.String(), err
}

// rows reads results.csv as maps by the name of the column.
func rows(t *testing.T, dir string) (all []map[string]string) {
	file, err := os.Open(filepath.Join(dir, "results.csv"))
	require.NoError(t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	for _, line := range lines[1:] {
		row := map[string]string{}
		for k, name := range lines[0] {
			row[name] = line[k]
		}
		all = append(all, row)
	}
	return all
}

func parsed(t *testing.T, text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}

// A comparison chooses rates without the test clips, writes what its runs came to,
// is finished at once the second time, and takes a further seed in.
func TestComparison(t *testing.T) {
	models, dir := specs(t), filepath.Join(t.TempDir(), "report")
	out, progress, err := compareModels(context.Background(), models, dir)
	require.NoError(t, err)
	require.Contains(t, out, "tt")
	require.Contains(t, out, "best")
	require.Contains(t, out, "the report: "+dir+"/index.html")
	require.Regexp(t, `(?m)^10 of 10  .*`, progress)

	table := rows(t, dir)
	require.Len(t, table, 2)
	bests := 0
	for k, name := range []string{"tt", "dense"} {
		row := table[k]
		require.Equal(t, name, row["model"])
		require.Equal(t, "1 2", row["seeds"])
		var accuracies []float64
		var searched []compare.Run
		found, err := filepath.Glob(filepath.Join(dir, "runs", name, "*"))
		require.NoError(t, err)
		require.Len(t, found, 3+2, "of two rates one is the least or the largest, so a third one is tried")
		for _, run := range found {
			data, err := os.ReadFile(filepath.Join(run, "result.json"))
			require.NoError(t, err)
			var o compare.Run
			require.NoError(t, json.Unmarshal(data, &o))
			require.Len(t, o.Epochs, 2)
			require.NoDirExists(t, filepath.Join(run, "checkpoints"))
			if o.Fold > 0 {
				require.Equal(t, "actions (few-subjects), fold 1 of 4 of its training part", o.Set)
				require.Equal(t, 64, o.Test.Clips)
				require.Equal(t, 192, o.Epochs[0].Train.Clips)
				searched = append(searched, o)
				continue
			}
			require.Equal(t, 768, o.Test.Clips)
			require.Equal(t, parsed(t, row["learning_rate"]), o.Rate)
			accuracies = append(accuracies, o.Test.Accuracy)
		}
		for _, o := range searched { // none was better than the chosen one
			for _, chosen := range searched {
				if chosen.Rate == parsed(t, row["learning_rate"]) {
					require.LessOrEqual(t, o.Test.Accuracy, chosen.Test.Accuracy)
				}
			}
		}
		mean, sd := stat.MeanStdDev(accuracies, nil)
		require.InDelta(t, mean, parsed(t, row["accuracy_mean"]), 1e-5)
		require.InDelta(t, sd, parsed(t, row["accuracy_sd"]), 1e-5)
		if row["against_best"] == "best" {
			bests++
		}
	}
	require.Equal(t, 1, bests)
	text, err := os.ReadFile(filepath.Join(dir, "report.md"))
	require.NoError(t, err)
	for _, plot := range []string{"accuracy-recurrent-layer", "accuracy-input-weights", "accuracy-multiply-adds", "curves-loss", "curves-accuracy", "costs-time", "costs-memory", "confusion-tt", "confusion-dense"} {
		for _, ending := range []string{".png", ".svg"} {
			require.FileExists(t, filepath.Join(dir, "plots", plot+ending))
		}
		require.Contains(t, string(text), "(plots/"+plot+".png)")
	}

	was, err := os.ReadFile(filepath.Join(dir, "results.csv"))
	require.NoError(t, err)
	again, progress, err := compareModels(context.Background(), models, dir)
	require.NoError(t, err)
	require.Equal(t, out, again)
	require.Empty(t, progress)
	is, err := os.ReadFile(filepath.Join(dir, "results.csv"))
	require.NoError(t, err)
	require.Equal(t, string(was), string(is))

	_, progress, err = compareModels(context.Background(), models, dir, "-seeds", "3")
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(progress, "\n"), progress)

	_, _, err = compareModels(context.Background(), models, dir, "-epochs", "3")
	require.EqualError(t, err, "compare: "+dir+` holds a comparison with other settings ("epochs": 2, now "epochs": 3); give them again, or another -out`)
	require.True(t, cmdline.IsUsage(err))

	// Other clips under the same name.
	path := filepath.Join(dir, "protocol.json")
	settings, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := regexp.MustCompile(`"data_fingerprint": "[^"]*`).ReplaceAll(settings, []byte(`"data_fingerprint": "other`))
	require.NotEqual(t, settings, changed)
	require.NoError(t, os.WriteFile(path, changed, 0o600))
	_, _, err = compareModels(context.Background(), models, dir)
	require.ErrorContains(t, err, `holds a comparison with other settings ("data_fingerprint": "other"`)
	require.NoError(t, os.WriteFile(path, settings, 0o600))

	// Runs that are not what their folder says.
	run := filepath.Join(dir, "runs", "dense")
	kept, err := os.ReadFile(filepath.Join(run, "rate-0.01-fold-1", "result.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(run, "rate-0.001-fold-1", "result.json"), kept, 0o600))
	_, _, err = compareModels(context.Background(), models, dir)
	require.ErrorContains(t, err, "result.json is not of the run of its folder; remove the file")
	require.NoError(t, os.WriteFile(filepath.Join(run, "rate-0.001-fold-1", "result.json"), []byte("{"), 0o600))
	_, _, err = compareModels(context.Background(), models, dir)
	require.ErrorContains(t, err, "result.json is damaged")
	require.True(t, cmdline.IsUsage(err))
}

// Interrupted again and again, a comparison comes to what it comes to at once.
func TestInterrupted(t *testing.T) {
	if os.Getenv("TENSORZOO_LONG") == "" {
		t.Skip("takes long; TENSORZOO_LONG=1 runs it")
	}
	models, whole, dir := specs(t), t.TempDir(), t.TempDir()
	models, _, _ = strings.Cut(models, ",")
	_, _, err := compareModels(context.Background(), models, whole)
	require.NoError(t, err)
	stops := 0
	for ; ; stops++ {
		require.Less(t, stops, 100)
		ctx, cancel := context.WithCancel(context.Background())
		go func() { // stop when two more runs have ended, and in the middle of others
			before := len(ended(dir))
			for ctx.Err() == nil && len(ended(dir)) < before+2 {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		_, _, err := compareModels(ctx, models, dir)
		cancel()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		require.Regexp(t, `^compare: stopped; \d+ of \d+ runs have ended and are kept in `+dir+`, those under way from their last checkpoint; go on with: .* -out `+dir, err.Error())
		require.NotContains(t, err.Error(), "canceled")
	}
	require.Positive(t, stops)
	a, b := rows(t, whole), rows(t, dir)
	for k := range a {
		for _, name := range []string{"learning_rate", "accuracy_by_seed", "loss_by_seed"} {
			require.Equal(t, a[k][name], b[k][name])
		}
	}
}

func ended(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "runs", "*", "*", "result.json"))
	return found
}

// A learning rate at which training diverges is not chosen; where every one does,
// the report says so.
func TestDiverged(t *testing.T) {
	models, dir := specs(t), t.TempDir()
	models, _, _ = strings.Cut(models, ",")
	_, progress, err := compareModels(context.Background(), models, dir, "-optimizer", "sgd", "-clip", "0", "-schedule", "constant", "-rates", "1e-3,1e30", "-seeds", "1")
	require.NoError(t, err)
	require.Contains(t, progress, "rate 1e+30: diverged")
	for _, row := range rows(t, dir) {
		require.Equal(t, "0.001", row["learning_rate"])
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "| diverged |")

	out, _, err := compareModels(context.Background(), models, t.TempDir(), "-optimizer", "sgd", "-clip", "0", "-schedule", "constant", "-rates", "1e30,9e29", "-seeds", "1")
	require.NoError(t, err)
	require.Contains(t, out, "diverged at every learning rate")
}
