package charts

import (
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"
	"pgregory.net/rapid"
)

func drawn(t require.TestingT, dir string, p Panel) string {
	path := filepath.Join(dir, "a.svg")
	require.NoError(t, drawPanels(path, p))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// A band is one area, cut where a point has no interval; markers have an error
// bar of three lines each.
func TestIntervals(t *testing.T) {
	dir := t.TempDir()
	nan := math.NaN()
	line := Line{Name: "a", X: []float64{1, 2, 3, 4, 5}, Y: []float64{1, 2, 3, 2, 1}}
	plain := drawn(t, dir, Panel{Lines: []Line{line}})
	count := func(p Panel, what string) int { return strings.Count(drawn(t, dir, p), what) }

	band := line
	band.Low, band.High = []float64{0.5, 1.5, 2.5, 1.5, 0.5}, []float64{1.5, 2.5, 3.5, 2.5, 1.5}
	const area = "fill-opacity:0.18824"
	require.Zero(t, strings.Count(plain, area))
	require.Equal(t, 1, count(Panel{Lines: []Line{band}}, area))
	band.Low[2] = nan
	require.Equal(t, 2, count(Panel{Lines: []Line{band}}, area))
	band.Low[1] = -1
	require.Equal(t, 2, count(Panel{LogY: true, Lines: []Line{band}}, area))
	for _, not := range []float64{nan, math.Inf(1), 1e300} {
		band.High[4] = not
		require.Equal(t, 1, count(Panel{Lines: []Line{band}}, area))
	}

	// The axis may have other ticks, so strokes of the line's colour are counted:
	// a marker's one, and of an error bar two caps and the line between.
	const stroke = "stroke:#0072B2"
	points := line
	points.Marker = true
	require.Equal(t, 5, count(Panel{Lines: []Line{points}}, stroke))
	points.Low, points.High = []float64{-9, nan, 1, -9, -9}, []float64{9, 2, math.Inf(1), 9, 9}
	require.Equal(t, 5+3*3, count(Panel{Lines: []Line{points}}, stroke))
	points.Y[0] = nan
	require.Equal(t, 4+2*3, count(Panel{Lines: []Line{points}}, stroke))
	require.Equal(t, 4+2*2, count(Panel{LogY: true, Lines: []Line{points}}, stroke), "no cap where the axis cuts")
}

// The axis has room for the intervals.
func TestIntervalsFit(t *testing.T) {
	p := Panel{Lines: []Line{{Name: "a", X: []float64{1}, Y: []float64{1}, Low: []float64{-9}, High: []float64{9}, Marker: true}}}
	out := p.plot(newLooks([]Panel{p}))
	require.Less(t, out.Y.Min, -9.0)
	require.Greater(t, out.Y.Max, 9.0)
}

// A low end that a logarithmic axis can't show leaves the high one its room.
func TestIntervalsFitLogarithms(t *testing.T) {
	p := Panel{LogY: true, Lines: []Line{{Name: "a", X: []float64{1}, Y: []float64{1}, Low: []float64{-9}, High: []float64{1000}, Marker: true}}}
	out := p.onAxes().plot(newLooks([]Panel{p}))
	require.Greater(t, out.Y.Max, 3.0)
	require.Greater(t, out.Y.Min, -1.0)
}

// A band is cut where it crosses the end of the axis, not at the nearest point.
func TestBandIsCutAtTheAxis(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	l := Line{X: []float64{0, 20}, Y: []float64{0.1, 0.1}, Low: []float64{0, 0}, High: []float64{0.2, 1e29}}
	shaded := func(max float64) int {
		require.NoError(t, drawPanels(path, Panel{Min: ptr(0), Max: &max, Lines: []Line{l}}))
		return count(readPNG(t, path), color.NRGBA{R: 0xcf, G: 0xe5, B: 0xf1, A: 0xff})
	}
	require.Greater(t, shaded(1), 120_000)
	l.High[1] = 1
	half := shaded(1)
	require.True(t, half > 35_000 && half < 120_000, "%d", half)
}

// The band narrows to where a logarithmic axis ends at a low end that it can't show.
func TestBandEndsAtTheAxis(t *testing.T) {
	l := Line{X: []float64{0, 1}, Y: []float64{2, 2}, Low: []float64{1, 0}, High: []float64{4, 4}}
	p := Panel{LogY: true, Lines: []Line{l}}.onAxes()
	behind, _ := p.Lines[0].plotters(newLooks([]Panel{p})[""], -1, 1)
	require.Equal(t, plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: -1}}, behind[0].(*plotter.Polygon).XYs[0][:2])
}

func TestIntervalErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.svg")
	l := Line{Name: "l", X: []float64{1}, Y: []float64{1}, Low: []float64{1}}
	require.ErrorContains(t, drawPanels(path, Panel{Title: "p", Lines: []Line{l}}), `panel "p": line "l" has 1 X, 1 Y, 1 Low and 0 High`)
}

func TestIntervalsAnything(t *testing.T) {
	dir := t.TempDir()
	value := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-1, 1), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)), rapid.Just(math.Inf(-1)))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "n")
		some := func(what string) []float64 { return rapid.SliceOfN(value, n, n).Draw(t, what) }
		l := Line{Name: "l", X: some("x"), Y: some("y"), Low: some("low"), High: some("high"), Marker: rapid.Bool().Draw(t, "marker")}
		svg := drawn(t, dir, Panel{LogX: rapid.Bool().Draw(t, "logx"), LogY: rapid.Bool().Draw(t, "logy"), Lines: []Line{l}})
		require.NotContains(t, svg, "NaN")
		require.NotContains(t, svg, "Inf")
	})
}
