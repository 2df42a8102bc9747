package charts

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"pgregory.net/rapid"
)

func drawBars(t require.TestingT, dir, name string, panels ...BarPanel) string {
	path := filepath.Join(dir, name)
	require.NoError(t, Bars(path, panels...))
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
	panel.Bars[0].Low = nan
	require.Equal(t, strings.Count(one, errorStroke)-3, strings.Count(drawBars(t, dir, "c.svg", panel), errorStroke), "the error bar is gone")

	logarithmic := panel
	logarithmic.LogX, logarithmic.Bars = true, panel.Bars[:2]
	require.Contains(t, drawBars(t, dir, "d.svg", logarithmic), ">10<")
	checkSVG(t, filepath.Join(dir, "d.svg"), panelWidth+2*margin, 2*margin+titleHeight+2*rowHeight+axisRoom)
	drawBars(t, dir, "three.png", panel, logarithmic, panel)
	size := readPNG(t, filepath.Join(dir, "three.png")).Bounds().Size()
	require.Equal(t, (panelWidth+2*margin)*2*4/3, size.X)
}

// errorStroke is the width of an error bar's lines.
const errorStroke = "stroke-width:1.25"

// A row of panels is as high as its longest needs.
func TestBarsHeight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.svg")
	panel := func(n int) BarPanel { return BarPanel{Bars: make([]Bar, n)} }
	require.NoError(t, Bars(path, panel(1), panel(2), panel(12)))
	checkSVG(t, path, 2*(panelWidth+2*margin), 2*(2*margin+titleHeight+axisRoom)+(2+12)*rowHeight)
}

// No label of the axis touches the next.
func TestApartBy(t *testing.T) {
	label := style(tickSize, draw.XCenter, draw.YTop)
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Float64Range(0, 20).Draw(t, "from")
		to := from + rapid.Float64Range(1, 9).Draw(t, "length")
		place := func(v float64) vg.Length { return vg.Length((v - from) / (to - from) * 200) }
		end := -vg.Length(1e9)
		kept := apartBy(textGap, logTicks(from, to), label, place)
		require.NotEmpty(t, kept)
		for _, m := range kept {
			half := label.Width(m.Label) / 2
			require.GreaterOrEqual(t, place(m.Value)-half, end+textGap)
			end = place(m.Value) + half
		}
	})
}

func TestBarsErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.svg")
	for want, panels := range map[string][]BarPanel{
		"no panels to draw":                nil,
		`panel "p" has no bars`:            {{Title: "p"}},
		`panel "p": bar "b" is -1 long`:    {{Title: "p", Bars: []Bar{{"b", -1, 0, 0}}}},
		`panel "p": bar "b" is NaN long`:   {{Title: "p", Bars: []Bar{{"b", math.NaN(), 0, 0}}}},
		`panel "p": bar "b" is 0 long`:     {{Title: "p", LogX: true, Bars: []Bar{{"b", 0, 0, 0}}}},
		`panel "p": bar "b" is 1e+40 long`: {{Title: "p", Bars: []Bar{{"b", 1e40, 0, 0}}}},
	} {
		require.ErrorContains(t, Bars(path, panels...), want)
		require.NoFileExists(t, path)
	}
	missing := filepath.Join(t.TempDir(), "none", "a.svg")
	require.ErrorIs(t, Bars(missing, BarPanel{Bars: []Bar{{"b", 1, 1, 1}}}), os.ErrNotExist)
	require.ErrorContains(t, Bars(path+".gif", BarPanel{Bars: []Bar{{"b", 1, 1, 1}}}), "want .png or .svg")
}

// Whatever is drawn, every number in the file is one.
func TestBarsAnything(t *testing.T) {
	dir := t.TempDir()
	bad := regexp.MustCompile(`NaN|Inf`)
	value := rapid.OneOf(rapid.Float64Range(0, 1e3), rapid.Float64Range(0, 1e29), rapid.Just(0.0), rapid.Just(1e-300))
	end := rapid.OneOf(rapid.Float64(), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)), rapid.Just(math.Inf(-1)))
	rapid.Check(t, func(t *rapid.T) {
		p := BarPanel{Title: "t", X: "x", LogX: rapid.Bool().Draw(t, "log")}
		for range rapid.IntRange(1, 12).Draw(t, "bars") {
			b := Bar{strings.Repeat("n", rapid.IntRange(0, 60).Draw(t, "name")), value.Draw(t, "value"), end.Draw(t, "low"), end.Draw(t, "high")}
			if p.LogX {
				b.Value = max(b.Value, 1e-30)
			}
			p.Bars = append(p.Bars, b)
		}
		require.NotRegexp(t, bad, drawBars(t, dir, "a.svg", p))
	})
}

func TestSignificant(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 17.56: "17.6", 0.4512: "0.451", 3412.4: "3,410", 9.999: "10.0", 99.96: "100", 999.6: "1,000", 1234567: "1,230,000", 9.999e6: "1e+07", 0.45: "0.450", 1e-300: "1e-300", 1e9: "1e+09", 5.003: "5.00", 1e-6: "1e-06"} {
		require.Equal(t, want, significant(v))
	}
}
