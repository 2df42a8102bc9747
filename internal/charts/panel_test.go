package charts

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
	"pgregory.net/rapid"
)

func ptr(v float64) *float64 { return &v }

// curves is what a training of n epochs draws.
func curves(n int) []Panel {
	line := func(name string, from, to float64) Line {
		l := Line{Name: name}
		for i := range n {
			l.X = append(l.X, float64(i+1))
			l.Y = append(l.Y, to+(from-to)*math.Exp(-float64(i)))
		}
		return l
	}
	test := Line{Name: "test", X: []float64{float64(n)}, Y: []float64{0.6}, Marker: true}
	return []Panel{
		{Title: "loss", X: "epoch", Y: "loss",
			Lines: []Line{line("training", 2, 0.3), line("validation", 2.1, 0.5), test}},
		{Title: "accuracy", X: "epoch", Y: "accuracy", Min: ptr(0), Max: ptr(1),
			Lines: []Line{line("training", 0.1, 0.9), line("validation", 0.1, 0.8), test}},
	}
}

func drawPanels(path string, panels ...Panel) error { return Save(path, Panels(panels)) }

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	return img
}

// checkSVG reads path to its end, as XML of the given size in points.
func checkSVG(t *testing.T, path string, width, height int) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var root struct {
		XMLName xml.Name
		ViewBox string `xml:"viewBox,attr"`
	}
	require.NoError(t, xml.NewDecoder(file).Decode(&root))
	assert.Equal(t, "svg", root.XMLName.Local)
	assert.Equal(t, fmt.Sprintf("0 0 %d %d", width, height), root.ViewBox)
}

func TestDrawSize(t *testing.T) {
	one := func(lines int) Panel { return Panel{Lines: make([]Line, lines)} }
	for _, test := range []struct {
		name          string
		panels        []Panel
		width, height int // in points
	}{
		{"one", []Panel{one(1)}, 435, 324},
		{"one with a legend", []Panel{one(2)}, 435, 342},
		{"curves", curves(8), 870, 342},
		{"three", []Panel{one(1), one(1), one(1)}, 870, 648},
		{"four", []Panel{one(2), one(1), one(1), one(1)}, 870, 684},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.png")
			require.NoError(t, drawPanels(path, test.panels...))
			img := readPNG(t, path)
			assert.Equal(t, image.Rect(0, 0, test.width*4/3, test.height*4/3), img.Bounds())
			assert.Equal(t, color.RGBAModel.Convert(color.White), color.RGBAModel.Convert(img.At(0, 0)))

			path = filepath.Join(t.TempDir(), "a.SVG")
			require.NoError(t, drawPanels(path, test.panels...))
			checkSVG(t, path, test.width, test.height)
		})
	}
}

// count returns the number of pixels of a colour.
func count(img image.Image, want color.Color) (n int) {
	r, g, b, _ := want.RGBA()
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if r1, g1, b1, _ := img.At(x, y).RGBA(); r1 == r && g1 == g && b1 == b {
				n++
			}
		}
	}
	return n
}

// A value at the very end of an axis is drawn, whatever rounding does to it.
func TestDrawAtTheEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	for _, value := range []float64{0.1, 0.3, 0.7} {
		for _, marker := range []bool{false, true} {
			p := Panel{Min: ptr(0.1), Max: ptr(0.7), Lines: []Line{{X: []float64{1, 2}, Y: []float64{value, value}, Marker: marker}}}
			require.NoError(t, drawPanels(path, p))
			assert.Greater(t, count(readPNG(t, path), palette[0]), 10, "%v", value)
		}
	}
	p := Panel{Min: ptr(0.1), Max: ptr(0.7), Lines: []Line{{X: []float64{1, 2}, Y: []float64{0.8, 0.8}}}}
	require.NoError(t, drawPanels(path, p))
	assert.Zero(t, count(readPNG(t, path), palette[0]), "above Max")
}

// A line that leaves the axes, however far, is cut at them.
func TestDrawIsCutAtTheAxes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	p := Panel{Min: ptr(0), Max: ptr(1), Lines: []Line{{X: []float64{1, 2, 3}, Y: []float64{0.5, 1e29, 0.2}}}}
	require.NoError(t, drawPanels(path, p))
	img := readPNG(t, path)
	r, g, b, _ := palette[0].RGBA()
	for y := range img.Bounds().Max.Y {
		for x := range img.Bounds().Max.X {
			if r1, g1, b1, _ := img.At(x, y).RGBA(); r1 == r && g1 == g && b1 == b {
				require.Less(t, y, (324-40)*4/3, "below the axis")
				require.Greater(t, y, 20, "above the plot")
			}
		}
	}
}

func TestDrawOnePoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	require.NoError(t, drawPanels(path, Panel{Lines: []Line{{X: []float64{1}, Y: []float64{2}}}}))
	assert.Greater(t, count(readPNG(t, path), palette[0]), 10, "a line of one epoch is seen")
}

func TestLooks(t *testing.T) {
	looks := newLooks(curves(2))
	require.Len(t, looks, 3, "a name looks the same in both panels")
	assert.NotEqual(t, looks["training"].line.Color, looks["validation"].line.Color)
	assert.NotEqual(t, looks["training"].line.Dashes, looks["validation"].line.Dashes)
	seen := make(map[string]bool)
	var many Panel
	for i := range len(palette) * len(dashes) {
		many.Lines = append(many.Lines, Line{Name: fmt.Sprint(i)})
	}
	for _, k := range newLooks([]Panel{many}) {
		seen[fmt.Sprint(k.line.Color, k.line.Dashes)] = true
	}
	assert.Len(t, seen, 35)
	seen = make(map[string]bool)
	for _, k := range newLooks([]Panel{{Lines: many.Lines[:12]}}) {
		seen[fmt.Sprint(k.marker.Color, k.marker.Shape)] = true
	}
	assert.Len(t, seen, 12, "markers")
}

// The legend has every line and is no wider than the panel.
func TestLegend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Panel{}
		for _, length := range rapid.SliceOfN(rapid.IntRange(0, 90), 2, 12).Draw(t, "lengths") {
			p.Lines = append(p.Lines, Line{Name: strings.Repeat("m", length)})
		}
		l := p.legend(newLooks([]Panel{p}))
		require.LessOrEqual(t, l.width*vg.Length(len(l.columns))-columnGap, vg.Length(panelWidth))
		require.GreaterOrEqual(t, l.rows*len(l.columns), len(p.Lines))
		require.Less(t, l.rows*(len(l.columns)-1), len(p.Lines), "no column is empty")
	})
	require.Zero(t, (&Panel{Lines: make([]Line, 1)}).legend(nil).rows)
}

func TestRuns(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	lengths := func(y ...float64) (n []int) {
		l := Panel{Lines: []Line{{X: make([]float64, len(y)), Y: y}}}.onAxes().Lines[0]
		for _, run := range l.runs(l.point) {
			n = append(n, len(run))
		}
		return n
	}
	assert.Empty(t, lengths())
	assert.Empty(t, lengths(nan, inf, -inf, 1e300))
	assert.Equal(t, []int{2}, lengths(1, 2))
	assert.Equal(t, []int{1, 2}, lengths(nan, 1, nan, 2, 3, inf))
}

func TestTicks(t *testing.T) {
	labels := func(from, to, least float64) (l []string) {
		for _, tick := range ticks(from, to, least, mostTicks) {
			l = append(l, tick.Label)
		}
		return l
	}
	assert.Equal(t, []string{"1"}, labels(0.5, 1.5, 1))
	assert.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7", "8"}, labels(0.5, 8.5, 1))
	assert.Equal(t, []string{"0", "50", "100", "150", "200", "250", "300"}, labels(-10, 312, 1))
	assert.Equal(t, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}, labels(0, 1, 0))
	assert.Equal(t, []string{"-1.0", "-0.5", "0", "0.5", "1.0"}, labels(-1, 1.2, 0.4))
	assert.Equal(t, []string{"500M", "1.0G", "1.5G", "2.0G"}, labels(3e8, 2.1e9, 0))
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Float64Range(-1e9, 1e9).Draw(t, "from")
		to := from + math.Pow(10, rapid.Float64Range(-2, 10).Draw(t, "length"))
		found := ticks(from, to, 0, mostTicks)
		require.GreaterOrEqual(t, len(found), 3)
		require.LessOrEqual(t, len(found), 9)
		slack := 1e-8 * (to - from)
		for k, tick := range found {
			require.True(t, tick.Value >= from-slack && tick.Value <= to+slack)
			if k > 0 {
				require.NotEqual(t, found[k-1].Label, tick.Label)
			}
		}
	})
}

func TestLogTicks(t *testing.T) {
	labels := func(from, to float64) (l []string) {
		for _, tick := range logTicks(math.Log10(from), math.Log10(to), mostTicks) {
			l = append(l, tick.Label)
		}
		return l
	}
	assert.Equal(t, []string{"1", "2", "5", "10", "20", "50", "100"}, labels(1, 100))
	assert.Equal(t, []string{"0.05", "0.1", "0.2"}, labels(0.04, 0.3))
	assert.Equal(t, []string{"1", "10", "100", "1k", "10k", "100k", "1M"}, labels(1, 1e6))
	assert.Equal(t, []string{"3.00", "3.05", "3.10", "3.15", "3.20", "3.25", "3.30", "3.35", "3.40"}, labels(3, 3.4))
}

func TestOnAxes(t *testing.T) {
	p := Panel{LogX: true, LogY: true, Min: ptr(10), Lines: []Line{{X: []float64{1, 0, 100, 1e300}, Y: []float64{10, 10, -1, 1}}}}
	l := p.onAxes()
	assert.Equal(t, 1.0, *l.Min)
	assert.Nil(t, l.Max)
	assert.Equal(t, 2.0, l.Lines[0].X[2])
	assert.True(t, math.IsNaN(l.Lines[0].X[1]) && math.IsNaN(l.Lines[0].Y[2]) && math.IsNaN(l.Lines[0].X[3]))
	assert.Equal(t, 100.0, p.Lines[0].X[2], "the caller's own values stay")
}

func TestDrawErrors(t *testing.T) {
	dir := t.TempDir()
	two, nan := []float64{1, 2}, math.NaN()
	panel := func(l Line) []Panel { return []Panel{{Title: "loss"}, {Title: "a", Lines: []Line{l}}} }
	for _, test := range []struct {
		file   string
		panels []Panel
		want   string // after "charts: ", the folder and "/"
	}{
		{"a.png", nil, "a.png: no panels to draw"},
		{"a.png", panel(Line{Name: "b", X: two}), `a.png: panel "a": line "b" has 2 X, 0 Y, 0 Low and 0 High`},
		{"a.png", []Panel{{Title: "a", Min: ptr(1), Max: ptr(1)}}, `a.png: panel "a": Min and Max are not the ends of an axis`},
		{"a.png", []Panel{{Title: "a", Min: ptr(0), Max: ptr(5e-324)}}, `a.png: panel "a": Min and Max are not the ends of an axis`},
		{"a.png", []Panel{{Title: "a", Min: &nan}}, `a.png: panel "a": Min and Max are not the ends of an axis`},
		{"a.png", []Panel{{Title: "a", LogY: true, Min: ptr(0)}}, `a.png: panel "a": Min and Max are not the ends of an axis`},
		{"a.jpg", curves(1), `a.jpg: ending is ".jpg", want .png or .svg`},
		{"a", curves(1), `a: ending is "", want .png or .svg`},
	} {
		assert.EqualError(t, drawPanels(filepath.Join(dir, test.file), test.panels...), "charts: "+dir+"/"+test.want)
	}
	assert.Empty(t, names(t, dir))
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A failure leaves nothing behind.
func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "b.png"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.png", "full"), nil, 0o644))
	err := drawPanels(filepath.Join(dir, "b.png"), curves(1)...) // cannot be renamed to
	assert.ErrorContains(t, err, "charts: "+dir+"/b.png: rename ")
	assert.Equal(t, []string{"b.png"}, names(t, dir))

	err = drawPanels(filepath.Join(dir, "none", "a.png"), curves(1)...)
	assert.ErrorContains(t, err, "charts: "+dir+"/none/a.png: ")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestSaveUnwritableFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is unwritable to root")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o555))
	assert.ErrorIs(t, drawPanels(filepath.Join(dir, "a.png"), curves(1)...), os.ErrPermission)
	assert.Empty(t, names(t, dir))
}

func TestSameInputSameBytes(t *testing.T) {
	dir := t.TempDir()
	for _, ending := range []string{".png", ".svg"} {
		var files [2][]byte
		for i := range files {
			path := filepath.Join(dir, fmt.Sprint(i)+ending)
			require.NoError(t, drawPanels(path, curves(30)...))
			var err error
			files[i], err = os.ReadFile(path)
			require.NoError(t, err)
		}
		assert.True(t, bytes.Equal(files[0], files[1]), ending)
	}
}

// anyFloat is often an unpleasant one.
func anyFloat() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64(), rapid.Float64Range(-2, 2),
		rapid.SampledFrom([]float64{0, 1, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, 1e29, -1e29, math.MaxFloat64, 1e17}))
}

func anyLine(t *rapid.T) Line {
	n := rapid.IntRange(0, 8).Draw(t, "points")
	values := rapid.SliceOfN(anyFloat(), n, n)
	l := Line{
		Name:   rapid.StringN(0, 40, -1).Draw(t, "name"),
		X:      values.Draw(t, "x"),
		Y:      values.Draw(t, "y"),
		Marker: rapid.Bool().Draw(t, "marker"),
	}
	if rapid.Bool().Draw(t, "whole") {
		for i := range l.X {
			l.X[i] = float64(i + 1)
		}
	}
	return l
}

// Whatever the numbers are, the picture is drawn or its Min and Max refused.
func TestDrawAnything(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		panels := make([]Panel, rapid.IntRange(1, 3).Draw(t, "panels"))
		for i := range panels {
			p := &panels[i]
			p.Title = rapid.String().Draw(t, "title")
			p.X, p.Y = rapid.String().Draw(t, "x"), rapid.String().Draw(t, "y")
			p.LogX, p.LogY = rapid.Bool().Draw(t, "log x"), rapid.Bool().Draw(t, "log y")
			if rapid.Bool().Draw(t, "has min") {
				p.Min = ptr(anyFloat().Draw(t, "min"))
			}
			if rapid.Bool().Draw(t, "has max") {
				p.Max = ptr(anyFloat().Draw(t, "max"))
			}
			for range rapid.IntRange(0, 4).Draw(t, "lines") {
				p.Lines = append(p.Lines, anyLine(t))
			}
		}
		path := filepath.Join(dir, "a.svg")
		err := drawPanels(path, panels...)
		if Panels(panels).check() != nil {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(data), "NaN")
		require.NotContains(t, string(data), "Inf")
		require.NoError(t, xml.Unmarshal(data, new(struct{})))
		if rapid.IntRange(0, 9).Draw(t, "png") == 0 { // slow
			require.NoError(t, drawPanels(filepath.Join(dir, "a.png"), panels...))
		}
	})
}
