package sets

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets/video"
)

// Where there is no terminal, what is damaged is said at once and the rest now and
// then; the bar of the training says it from the first step on.
func TestDecodingIsReported(t *testing.T) {
	var out bytes.Buffer
	d := &Report{W: &out}
	var v video.Options
	d.Watch(&v)
	v.OnDecoded(video.Decoding{Done: 1, Clips: 3, Frames: 6})
	v.OnBad("a.avi", errors.New("junk"))
	v.OnDecoded(video.Decoding{Done: 2, Clips: 3, Frames: 6, Bad: 1})
	require.Equal(t, "left out: a.avi: junk\n", out.String())
	require.Regexp(t, "1/9 loss, decoded 2/3, [0-9a-z]+ left +0%", stepped(t, &Report{now: d.now, began: d.began}))
	v.OnDecoded(video.Decoding{Done: 3, Clips: 3, Frames: 1206, Bad: 1})
	require.Equal(t, "left out: a.avi: junk\ndecoded 2 of 3 clips, 1,206 frames, 1 damaged\n", out.String())
	require.Equal(t, 1, d.Damaged())

	require.Regexp(t, "1/9 loss +0%", stepped(t, d)) // nothing is left
	out.Reset()
	v.OnDecoded(video.Decoding{Done: 3, Clips: 3})
	require.Empty(t, out.String())
	v.OnUncached(errors.New("the disk is full"))
	require.Contains(t, out.String(), "the disk is full")
}

// A graph that is being built is said to be, until the first step.
func TestBuildingIsShown(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	require.NoError(t, err)
	d := &Report{W: file}
	d.Building(file)
	shown := func() string {
		text, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		return string(text)
	}
	require.Contains(t, shown(), "building the graph")
	require.NoError(t, file.Truncate(0))
	d.Step(file, 1, 9, "1/9 loss")
	require.Regexp(t, "1/9 loss +[0-9]+%", shown())
	require.NoError(t, file.Close())
}

// stepped returns what the bar of the training shows at its first step.
func stepped(t *testing.T, d *Report) string {
	file, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	require.NoError(t, err)
	d.Step(file, 1, 9, "1/9 loss")
	require.NoError(t, file.Close())
	shown, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return string(shown)
}
