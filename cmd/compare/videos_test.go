package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/compare"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
)

// films makes a folder of clips, four of six frames for each of six people and two
// classes, one of which is damaged.
func films(t *testing.T) string {
	root := t.TempDir()
	for _, class := range []string{"a", "b"} {
		for k := range 24 {
			dir := filepath.Join(root, class, fmt.Sprintf("v_%s_g%02d_c%02d", class, k/4+1, k%4+1))
			require.NoError(t, os.MkdirAll(dir, 0o777))
			for step := range 6 {
				img := image.NewGray(image.Rect(0, 0, 8, 6))
				img.Pix[(8*k+step)%48] = 255
				var frame bytes.Buffer
				require.NoError(t, png.Encode(&frame, img))
				if class == "a" && k == 3 {
					frame.Reset()
				}
				require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(step, ".png")), frame.Bytes(), 0o666))
			}
		}
	}
	return root
}

// One class is none to tell from others.
func TestOneClass(t *testing.T) {
	root, out := films(t), filepath.Join(t.TempDir(), "report")
	require.NoError(t, os.RemoveAll(filepath.Join(root, "b")))
	err := run(context.Background(), []string{"-models", specs(t), "-data", "folder:" + root, "-cache", t.TempDir(), "-out", out, "-max-bad", "0.1"}, new(bytes.Buffer), new(bytes.Buffer))
	require.ErrorContains(t, err, " has one class, a; a classifier needs two")
	require.True(t, cmdline.IsUsage(err))
	require.NoDirExists(t, out)
}

// Models are compared on videos, which are decoded once for all runs; folds keep groups
// whole; a damaged clip is reported and left out.
func TestVideos(t *testing.T) {
	root, cache, out := films(t), t.TempDir(), filepath.Join(t.TempDir(), "report")
	compareFilms := func(more ...string) (string, string, error) {
		var o, e bytes.Buffer
		err := run(context.Background(), append([]string{"-models", specs(t), "-data", "folder:" + root, "-cache", cache, "-out", out, "-epochs", "1", "-seeds", "1",
			"-rates", "1e-3,3e-3", "-folds", "3", "-max-bad", "0.1"}, more...), &o, &e)
		return o.String(), e.String(), err
	}
	_, progress, err := compareFilms()
	require.NoError(t, err)
	require.Contains(t, progress, "left out: "+filepath.Join(root, "a", "v_a_g01_c04"))
	require.Regexp(t, `(?m)^decoded (\d+) of \d+ clips, \d+ frames, 1 damaged$`, progress)
	kept, err := filepath.Glob(filepath.Join(cache, "*.clip"))
	require.NoError(t, err)
	require.Len(t, kept, 47)
	data, err := os.ReadFile(filepath.Join(out, "runs", "tt", "rate-0.001-fold-1", "result.json"))
	require.NoError(t, err)
	var o compare.Run
	require.NoError(t, json.Unmarshal(data, &o))
	require.Contains(t, o.Set, "fold 1 of 3 of its training part")
	require.Contains(t, []int{0, 3}, o.Test.Clips%4, "whole groups, but for the damaged clip")
	require.Len(t, rows(t, out), 2)

	_, _, err = compareFilms("-steps", "3")
	require.ErrorContains(t, err, "holds a comparison with other settings")
	_, _, err = compareFilms("-max-bad", "0", "-out", filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "remove what is damaged, or allow for more than -max-bad 0 of the clips")
	require.True(t, cmdline.IsUsage(err))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = run(ctx, []string{"-models", specs(t), "-data", "folder:" + root, "-cache", t.TempDir(), "-out", t.TempDir()}, new(bytes.Buffer), new(bytes.Buffer))
	require.ErrorIs(t, err, context.Canceled)
	require.Regexp(t, "^compare: stopped while .*cache", err.Error())
}

// The costs of a spec of the user's own are measured beside those of the zoo.
func TestCostOfASpec(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-cost", "-json", "-threads", "1", "-batch", "1", "-steps", "1", "-warm-up", "0", "-models", specs(t)}, &out, new(bytes.Buffer)))
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	require.Len(t, lines, 2)
	for k, name := range []string{"tt", "dense"} {
		var c compare.Cost
		require.NoError(t, json.Unmarshal(lines[k], &c))
		require.Equal(t, name, c.Model)
		require.Equal(t, name, c.Format, "tt is one, and so is dense")
		require.Positive(t, c.StepMedian)
		require.Equal(t, 1, c.Steps)
	}
}
