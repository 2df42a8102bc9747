package charts

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawBars(t require.TestingT, dir, name string, panel BarPanel) string {
	path := filepath.Join(dir, name)
	require.NoError(t, Save(path, panel))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func TestBars(t *testing.T) {
	dir := t.TempDir()
	nan := math.NaN()
	panel := BarPanel{Title: "time", X: "ms a step", Bars: []Bar{{"lstm", 450, 400, 500}, {"ht-lstm", 17.56, nan, nan}, {"none", 0, 0, 0}}}
	one := drawBars(t, dir, "a.svg", panel)
	for _, text := range []string{">time<", ">ms a step<", ">lstm<", ">ht-lstm<", ">450<", ">17.6<", ">0<"} {
		require.Contains(t, one, text)
	}
	require.Equal(t, one, drawBars(t, dir, "b.svg", panel), "two drawings have the same bytes")
	require.Equal(t, drawBars(t, dir, "a.png", panel), drawBars(t, dir, "b.png", panel))
	panel.Bars[0].Low = 0
	require.Equal(t, strings.Count(one, errorStroke)-1, strings.Count(drawBars(t, dir, "c.svg", panel), errorStroke), "no cap where the axis cuts")
	panel.Bars[0].Low = nan
	require.Equal(t, strings.Count(one, errorStroke)-3, strings.Count(drawBars(t, dir, "c.svg", panel), errorStroke), "the error bar is gone")

	checkSVG(t, filepath.Join(dir, "a.svg"), panelWidth+2*margin, 2*margin+titleHeight+3*rowHeight+axisRoom)
}

// errorStroke is the width of an error bar's lines.
const errorStroke = "stroke-width:1.25"

// A bar begins at 0 and is as long as its value is large.
func TestBarsAreInProportion(t *testing.T) {
	svg := drawBars(t, t.TempDir(), "a.svg", BarPanel{Bars: []Bar{{"a", 800, 0, 0}, {"b", 40, 0, 0}, {"c", 400, 0, 0}}})
	var lengths []float64
	for _, bar := range regexp.MustCompile(`<path d="([^"]*)" style="fill:#0072B2`).FindAllStringSubmatch(svg, -1) {
		var at []float64
		for _, x := range regexp.MustCompile(`[ML]([0-9.]+),`).FindAllStringSubmatch(bar[1], -1) {
			v, err := strconv.ParseFloat(x[1], 64)
			require.NoError(t, err)
			at = append(at, v)
		}
		lengths = append(lengths, slices.Max(at)-slices.Min(at))
	}
	require.Len(t, lengths, 3)
	require.InDelta(t, 20, lengths[0]/lengths[1], 0.1)
	require.InDelta(t, 2, lengths[0]/lengths[2], 0.01)
}

func TestBarsErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.svg")
	for want, panel := range map[string]BarPanel{
		`panel "p" has no bars`:            {Title: "p"},
		`panel "p": bar "b" is -1 long`:    {Title: "p", Bars: []Bar{{"b", -1, 0, 0}}},
		`panel "p": bar "b" is NaN long`:   {Title: "p", Bars: []Bar{{"b", math.NaN(), 0, 0}}},
		`panel "p": bar "b" is 1e+40 long`: {Title: "p", Bars: []Bar{{"b", 1e40, 0, 0}}},
	} {
		require.ErrorContains(t, Save(path, panel), want)
		require.NoFileExists(t, path)
	}
	missing := filepath.Join(t.TempDir(), "none", "a.svg")
	require.ErrorIs(t, Save(missing, BarPanel{Bars: []Bar{{"b", 1, 1, 1}}}), os.ErrNotExist)
	require.ErrorContains(t, Save(path+".gif", BarPanel{Bars: []Bar{{"b", 1, 1, 1}}}), "want .png or .svg")
}

// Whatever is drawn, every number in the file is one.
func TestBarsAnything(t *testing.T) {
	dir := t.TempDir()
	bad := regexp.MustCompile(`NaN|Inf`)
	value := rapid.OneOf(rapid.Float64Range(0, 1e3), rapid.Float64Range(0, 1e29), rapid.Just(0.0), rapid.Just(1e-300))
	end := rapid.OneOf(rapid.Float64(), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)), rapid.Just(math.Inf(-1)))
	rapid.Check(t, func(t *rapid.T) {
		p := BarPanel{Title: "t", X: "x"}
		for range rapid.IntRange(1, 12).Draw(t, "bars") {
			b := Bar{strings.Repeat("n", rapid.IntRange(0, 60).Draw(t, "name")), value.Draw(t, "value"), end.Draw(t, "low"), end.Draw(t, "high")}
			p.Bars = append(p.Bars, b)
		}
		require.NotRegexp(t, bad, drawBars(t, dir, "a.svg", p))
	})
}

func TestSignificant(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 17.56: "17.6", 0.4512: "0.451", 3412.4: "3,412", 9.999: "10", 99.96: "100", 999.6: "1,000", 1234567: "1,234,567", 1e7: "1e+07", 0.45: "0.45", 1e-300: "1e-300", 1e9: "1e+09", 5.003: "5", 1e-6: "1e-06"} {
		require.Equal(t, want, significant(v))
	}
}
