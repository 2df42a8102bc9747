package compare

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// invented returns models of the zoo with runs that nobody made.
func invented(t *testing.T, p Protocol, seeds int, names ...string) []*Result {
	rng := rand.New(rand.NewPCG(1, 1))
	var all []*Result
	for _, name := range names {
		e, err := zoo.Find(name)
		require.NoError(t, err)
		m := &Result{Model: e, Rate: p.Rates[0], Runs: make([]*Run, seeds)}
		for _, rate := range p.Rates {
			m.Searched = append(m.Searched, Candidate{Rate: rate, Accuracy: 0.5, Rounds: []*Run{{Test: train.Score{Accuracy: rng.Float64()}}}})
		}
		for k := range m.Runs {
			o := &Run{Model: name, Set: "invented", Seed: uint64(k + 1), Classes: []string{"<up>", "down"}, Confusion: [][]int{{8, 1}, {2, 9}}, StepMillis: 20 + 5*rng.Float64(), PeakMB: 200}
			for e := range p.Epochs {
				o.Epochs = append(o.Epochs, train.Epoch{Epoch: e + 1, Updates: 16 * (e + 1), Train: train.Score{Loss: 2 / float64(e+1) * (1 + rng.Float64()), Accuracy: 0.9 * rng.Float64()}})
			}
			o.Test = train.Score{Accuracy: 0.8 + 0.1*rng.Float64(), Loss: 1}
			m.Runs[k] = o
		}
		all = append(all, m)
	}
	return all
}

// wordsOf finds the texts of the plots and where they are: x, y, width, height, and the
// height of a line, in px of the screen.
const wordsOf = `[...document.querySelectorAll("figure svg")].map(svg => [...svg.querySelectorAll("text")].filter(t => t.textContent).map(t => {
	const box = t.getBoundingClientRect(), matrix = t.getScreenCTM()
	return {Words: t.textContent, X: box.x, Y: box.y, Width: box.width, Height: box.height,
		Size: parseFloat(getComputedStyle(t).fontSize) * Math.hypot(matrix.a, matrix.b)}
}))`

type word struct {
	Words                     string
	X, Y, Width, Height, Size float64
}

// The page opens from disk in a browser, on a wide screen and on a phone: every plot is
// seen, its text can be read and does not overlap, nothing is cut, nothing is asked of
// the network, and the console stays empty.
func TestPage(t *testing.T) {
	b := newBrowser(t)
	p := Protocol{Data: "actions", Epochs: 6, Batch: 16, Rates: []float64{1e-3, 1e-2}, Folds: 4, Rounds: 1, Threads: 1}
	names := []string{"lstm", "ht-lstm", "tt-lstm", "bt-lstm", "fdtt-lstm"}
	results := summarised(t, 8, invented(t, p, 5, names...)...)
	results.Protocol, results.Seeds, results.Command = p, 5, "go run ./cmd/compare <with> \"quotes\" & more"
	dir := t.TempDir()
	require.NoError(t, results.Save(dir))
	address := "file://" + filepath.Join(dir, "index.html")
	b.do(chromedp.Navigate(address))

	require.Equal(t, "Recurrent models side by side", value[string](b, `document.title`))
	models := value[int](b, fmt.Sprintf(`%q.split(" ").filter(name => [...document.querySelectorAll("table.results td")].some(cell => cell.textContent == name)).length`, strings.Join(names, " ")))
	require.Equal(t, len(names), models)
	require.Equal(t, 5, value[int](b, `document.querySelectorAll("table.results").length`), "accuracy, claims, others, costs, learning rates")
	for _, width := range []int64{1400, 390} {
		b.look(width, "light")
		require.Equal(t, int(width), value[int](b, `innerWidth`))
		require.LessOrEqual(t, value[int](b, `document.documentElement.scrollWidth`), int(width), "the page is no wider than the screen")
		require.Zero(t, value[int](b, `[...document.querySelectorAll(".scroll")].filter(e => e.querySelector("table") && e.scrollWidth > e.clientWidth).length`), "no table is cut at %d px", width)
		plots := value[[][]word](b, wordsOf)
		require.Len(t, plots, 7+len(names))
		for _, plot := range plots {
			require.NotEmpty(t, plot)
			for k, a := range plot {
				require.GreaterOrEqual(t, a.Size, 8.99, "%s at %d px", a.Words, width)
				for _, other := range plot[:k] {
					// A line is higher than its letters.
					apart := a.X+a.Width <= other.X || other.X+other.Width <= a.X || a.Y+0.8*a.Height <= other.Y || other.Y+0.8*other.Height <= a.Y
					require.True(t, apart, "%q is on %q at %d px", a.Words, other.Words, width)
				}
			}
		}
	}
	b.checkDark()
	require.Equal(t, []string{address}, b.asked, "nothing but the file itself")
	require.Empty(t, b.said, "the console is empty")
}
