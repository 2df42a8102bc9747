package charts

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLook(t *testing.T) {
	dir := "/tmp/charts"
	os.MkdirAll(dir, 0o755)
	f := func(v float64) *float64 { return &v }
	curve := func(n int, from, to, noise float64) (x, y []float64) {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			x = append(x, float64(i+1))
			y = append(y, to+(from-to)*math.Exp(-4*float64(i)/float64(max(1, n)))+noise*r.NormFloat64())
		}
		return
	}
	curves := func(name string, n int, val, test bool, scale float64) {
		ln := func(name string, a, b, noise float64) Line {
			x, y := curve(n, a*scale, b*scale, noise*scale)
			return Line{Name: name, X: x, Y: y}
		}
		loss := Panel{Title: "loss", X: "epoch", Y: "cross-entropy", IntegerX: true, Lines: []Line{ln("training", 2.4, 0.3, 0.03)}}
		acc := Panel{Title: "accuracy", X: "epoch", Y: "part of the clips", IntegerX: true, Min: f(0), Max: f(1)}
		s := scale
		scale = 1
		acc.Lines = []Line{ln("training", 0.12, 0.97, 0.01)}
		if val {
			acc.Lines = append(acc.Lines, ln("validation", 0.12, 0.85, 0.02))
		}
		scale = s
		if val {
			loss.Lines = append(loss.Lines, ln("validation", 2.4, 0.5, 0.06))
		}
		if test {
			loss.Lines = append(loss.Lines, Line{Name: "test", X: []float64{float64(n)}, Y: []float64{0.6 * s}, Marker: true})
			acc.Lines = append(acc.Lines, Line{Name: "test", X: []float64{float64(n)}, Y: []float64{0.83}, Marker: true})
		}
		require.NoError(t, Draw(dir+"/"+name, loss, acc))
	}
	curves("curves1.png", 1, true, true, 1)
	curves("curves8.png", 8, true, true, 1)
	curves("curves8noval.png", 8, false, true, 1)
	curves("curves8only.png", 8, false, false, 1)
	curves("curves300.png", 300, true, true, 1)
	curves("curves1000.png", 1000, true, false, 1)
	curves("curves300.svg", 300, true, true, 1)
	curves("large.png", 30, true, true, 1.7e9)
	curves("small.png", 30, true, true, 1.3e-7)

	gates := func(title string, steps int) Panel {
		p := Panel{Title: title, X: "step", Y: "mean activation", IntegerX: true}
		for k, name := range []string{"input gate", "forget gate", "candidate", "output gate"} {
			var l Line
			l.Name = name
			for i := range steps {
				v := 0.5 + 0.3*math.Sin(float64(k)+float64(i)/4)
				if k == 2 {
					v -= 0.7
				}
				l.X = append(l.X, float64(i+1))
				l.Y = append(l.Y, v)
				l.Low = append(l.Low, v-0.1)
				l.High = append(l.High, v+0.12)
			}
			p.Lines = append(p.Lines, l)
		}
		return p
	}
	for _, n := range []int{1, 6, 30, 100} {
		require.NoError(t, Draw(fmt.Sprintf("%s/gates%d.png", dir, n), gates("layer 1", n)))
	}
	require.NoError(t, Draw(dir+"/gates4.png", gates("layer 1, forwards", 30), gates("layer 1, backwards", 30), gates("layer 2, forwards", 30), gates("layer 2, backwards", 30)))
	require.NoError(t, Draw(dir+"/gates3.png", gates("layer 1, forwards", 6), gates("layer 2", 6), gates("layer 3 with an extremely long title that goes on and on and on beyond the panel", 6)))

	nan := math.NaN()
	odd := []Panel{
		{Title: "constant", X: "epoch", Y: "loss", IntegerX: true, Lines: []Line{{Name: "training", X: []float64{1, 2, 3, 4}, Y: []float64{2, 2, 2, 2}}}},
		{Title: "all NaN and a gap", X: "epoch", Y: "loss", IntegerX: true, Lines: []Line{{Name: "nan", X: []float64{1, 2, 3, 4}, Y: []float64{nan, nan, nan, nan}}, {Name: "gap", X: []float64{1, 2, 3, 4, 5, 6}, Y: []float64{1, 2, nan, 3, nan, 1}}}},
		{Title: "all NaN", X: "epoch", Y: "loss", IntegerX: true, Lines: []Line{{Name: "nan", X: []float64{1, 2}, Y: []float64{nan, nan}}}},
		{Title: "no lines, not whole", X: "x", Y: "y"},
		{Title: "above Max; band cut", X: "x", Y: "y", Max: f(1), Lines: []Line{{Name: "a", X: []float64{0, 0.1, 0.2}, Y: []float64{0.5, 1.5, 0.7}, Low: []float64{0.3, 1.3, 0.2}, High: []float64{0.7, 1.7, 1.2}}}},
		{Title: "many lines", X: "x", Y: "y", Lines: nil},
		{Title: "constant 0", X: "epoch", Y: "loss", IntegerX: true, Lines: []Line{{Name: "training", X: []float64{1, 2, 3, 4}, Y: []float64{0, 0, 0, 0}}}},
		{Title: "1e30, inf", X: "epoch", Y: "loss", IntegerX: true, Lines: []Line{{Name: "training", X: []float64{1, 2, 3, 4}, Y: []float64{1, 1e30, 0, math.Inf(1)}}}},
	}
	for i := range 12 {
		odd[5].Lines = append(odd[5].Lines, Line{Name: fmt.Sprintf("line number %d", i), X: []float64{0, 1}, Y: []float64{float64(i), float64(i) + 1}, Marker: i > 8})
	}
	require.NoError(t, Draw(dir+"/odd.png", odd...))

	conf := func(name string, n, scale int, class func(i int) string) {
		r := rand.New(rand.NewPCG(1, 2))
		var classes []string
		counts := make([][]int, n)
		for i := range n {
			classes = append(classes, class(i))
			counts[i] = make([]int, n)
			for range scale {
				j := i
				if r.Float64() < 0.35 {
					j = r.IntN(n)
				}
				counts[i][j]++
			}
			if i == 1 && n > 2 {
				counts[i] = make([]int, n)
			}
		}
		require.NoError(t, Confusion(dir+"/"+name, "test: true and predicted classes, 71.2 % right", classes, counts))
	}
	words := []string{"stance", "run", "swing", "cast", "shoot", "block", "hit", "die", "jump", "walk", "dive"}
	ucf := []string{"basketball shooting", "biking/cycling", "diving", "golf swinging", "horse back riding", "soccer juggling", "swinging", "tennis swinging", "trampoline jumping", "volleyball spiking", "walking with a dog"}
	conf("conf1.png", 1, 10, func(i int) string { return words[i] })
	conf("conf2.png", 2, 50, func(i int) string { return words[i] })
	conf("conf8.png", 8, 40, func(i int) string { return words[i] })
	conf("conf11.png", 11, 140, func(i int) string { return ucf[i] })
	conf("conf11big.png", 11, 140000, func(i int) string { return ucf[i] })
	conf("conf51.png", 51, 70, func(i int) string { return ucf[i%11] + fmt.Sprint(i) })
	conf("conf101.png", 101, 300, func(i int) string { return ucf[i%11] + fmt.Sprint(i) })
	conf("conf5long.png", 5, 300, func(i int) string { return "a class with an incredibly long name\nnumber \x00" + fmt.Sprint(i) })
	conf("conf11.svg", 11, 140, func(i int) string { return ucf[i] })
}
