package sets

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/schollz/progressbar/v3"
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
	require.Regexp(t, "^, decoded 2/3, [0-9a-z]+ left$", (&Report{now: d.now, began: d.began}).Tell(nil))
	v.OnDecoded(video.Decoding{Done: 3, Clips: 3, Frames: 1206, Bad: 1})
	require.Equal(t, "left out: a.avi: junk\ndecoded 2 of 3 clips, 1,206 frames, 1 damaged\n", out.String())
	require.Equal(t, 1, d.Damaged())

	require.Empty(t, d.Tell(progressbar.NewOptions(1, progressbar.OptionSetWriter(io.Discard)))) // nothing is left
	out.Reset()
	v.OnDecoded(video.Decoding{Done: 3, Clips: 3})
	require.Empty(t, out.String())
	v.OnUncached(errors.New("the disk is full"))
	require.Contains(t, out.String(), "the disk is full")
}
