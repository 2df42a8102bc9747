package charts

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"pgregory.net/rapid"
)

func square(n int) (classes []string, counts [][]int) {
	for i := range n {
		classes = append(classes, fmt.Sprintf("class %d", i))
		counts = append(counts, make([]int, n))
		counts[i][i] = i // the first row is empty
	}
	return classes, counts
}

func TestConfusionFiles(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{1, 2, 8, 11, 51, 200} {
		classes, counts := square(n)
		path := filepath.Join(dir, "a.png")
		require.NoError(t, Save(path, Matrix{"test", classes, counts}))
		size := readPNG(t, path).Bounds().Size()
		assert.Less(t, size.X, 1500, "%d classes", n)
		assert.Less(t, size.Y, 1500, "%d classes", n)
		if n == 11 {
			first, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, Save(path, Matrix{"test", classes, counts}))
			second, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(first, second), "same input, same bytes")
		}
		path = filepath.Join(dir, "a.svg")
		require.NoError(t, Save(path, Matrix{"test", classes, counts}))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.NotContains(t, string(data), "NaN")
	}
	assert.Equal(t, []string{"a.png", "a.svg"}, names(t, dir))
}

// Rows are true classes, from the top, and a cell shows its part of the row.
func TestConfusionCells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	classes, counts := []string{"a", "b"}, [][]int{{0, 3}, {1, 1}}
	require.NoError(t, Save(path, Matrix{"test", classes, counts}))
	img := readPNG(t, path)
	m := Matrix{Classes: classes, Counts: counts}
	around := draw.Canvas{Rectangle: rect(0, 0, 1000, 1000)}
	top, left := margin+titleHeight, margin+m.plot().DataCanvas(around).Min.X
	for i, row := range [][]float64{{0, 1}, {0.5, 0.5}} {
		for j, part := range row {
			// Beside the number, in pixels.
			x := int((float64(left) + (float64(j)+0.15)*float64(m.cellSize())) * vgimg.DefaultDPI / 72)
			y := int((float64(top) + (float64(i)+0.15)*float64(m.cellSize())) * vgimg.DefaultDPI / 72)
			assert.Equal(t, color.RGBAModel.Convert(shade(part)), color.RGBAModel.Convert(img.At(x, y)), "%d, %d", i, j)
		}
	}
}

// Cells are squares of their size, whatever the names need.
func TestConfusionSize(t *testing.T) {
	frame := regexp.MustCompile(`<path d="M([0-9.]+),([0-9.]+)L[0-9.]+,([0-9.]+)L([0-9.]+),[^"]*" style="fill:none;stroke:#222222;stroke-width:0.75`)
	for _, name := range []string{"", "a", strings.Repeat("A", 60)} {
		for _, n := range []int{1, 2, 8, 51, 101, 200} {
			classes, counts := square(n)
			for i := range classes {
				classes[i] = name
			}
			m := Matrix{"", classes, counts}
			var drawn strings.Builder
			_, err := SVG(&drawn, m)
			require.NoError(t, err)
			found := frame.FindStringSubmatch(drawn.String())
			require.NotNil(t, found)
			var at [4]float64
			for k := range at {
				at[k], err = strconv.ParseFloat(found[k+1], 64)
				require.NoError(t, err)
			}
			side := float64(m.cellSize()) * float64(n)
			require.InDelta(t, side, at[3]-at[0], 0.005*side, "%d of %q", n, name)
			require.InDelta(t, side, math.Abs(at[2]-at[1]), 0.005*side, "%d of %q", n, name)
		}
	}
}

func TestShade(t *testing.T) {
	assert.Equal(t, color.NRGBA{R: 255, G: 255, B: 255, A: 255}, shade(0))
	light := 256
	for part := range 101 {
		c := shade(float64(part) / 100).(color.NRGBA)
		assert.Less(t, int(c.R), light, "darker with every per cent")
		light = int(c.R)
		assert.Greater(t, c.G, uint8(0x80), "light enough for ink")
	}
}

func TestConfusionErrors(t *testing.T) {
	dir := t.TempDir()
	two := []string{"run", "hit"}
	for _, test := range []struct {
		file    string
		classes []string
		counts  [][]int
		want    string
	}{
		{"a.png", nil, nil, "a.png: want a row of counts from 0 on, one for each class, for each of 0 classes"},
		{"a.png", two, [][]int{{1, 2}}, "a.png: want a row of counts from 0 on, one for each class, for each of 2 classes"},
		{"a.png", two, [][]int{{1, 2}, {1}}, "a.png: want a row of counts from 0 on, one for each class, for each of 2 classes"},
		{"a.png", two, [][]int{{1, -2}, {1, 1}}, "a.png: want a row of counts from 0 on, one for each class, for each of 2 classes"},
		{"a.gif", two, [][]int{{1, 2}, {1, 1}}, `a.gif: ending is ".gif", want .png or .svg`},
	} {
		assert.EqualError(t, Save(filepath.Join(dir, test.file), Matrix{"test", test.classes, test.counts}), "charts: "+dir+"/"+test.want)
	}
	assert.Empty(t, names(t, dir))
}

func TestConfusionAnything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.svg")
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "classes")
		classes := rapid.SliceOfN(rapid.String(), n, n).Draw(t, "names")
		count := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, math.MaxInt))
		counts := rapid.SliceOfN(rapid.SliceOfN(count, n, n), n, n).Draw(t, "counts")
		require.NoError(t, Save(path, Matrix{rapid.String().Draw(t, "title"), classes, counts}))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(data), "NaN")
	})
}
