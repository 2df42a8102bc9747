package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// invented returns models of the zoo with runs that nobody made.
func invented(t *testing.T, c *comparison, names ...string) []*contender {
	rng := rand.New(rand.NewPCG(1, 1))
	var all []*contender
	for _, name := range names {
		e, err := zoo.Find(name)
		require.NoError(t, err)
		c.models = append(c.models, e)
		m := &contender{Entry: e, rate: c.Rates[0], runs: make([]*outcome, c.seeds)}
		for _, rate := range c.Rates {
			m.searched = append(m.searched, candidate{rate: rate, accuracy: 0.5, rounds: []*outcome{{Test: train.Score{Accuracy: rng.Float64()}}}})
		}
		for k := range m.runs {
			o := &outcome{Model: name, Set: "invented", Seed: uint64(k + 1), Classes: []string{"<up>", "down"}, Confusion: [][]int{{8, 1}, {2, 9}}, StepMillis: 20 + 5*rng.Float64(), PeakMB: 200}
			for e := range c.Epochs {
				o.Epochs = append(o.Epochs, train.Epoch{Epoch: e + 1, Updates: 16 * (e + 1), Train: train.Score{Loss: 2 / float64(e+1) * (1 + rng.Float64()), Accuracy: 0.9 * rng.Float64()}})
			}
			o.Test = train.Score{Accuracy: 0.8 + 0.1*rng.Float64(), Loss: 1}
			m.runs[k] = o
		}
		all = append(all, m)
	}
	return all
}

// The page opens from disk in a browser: every plot is seen, nothing is asked of
// the network, and the console stays empty.
func TestPage(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("no chromium; apt-get install chromium")
	}
	c := &comparison{protocol: protocol{Data: "actions", Epochs: 6, Batch: 16, Rates: []float64{1e-3, 1e-2}, Folds: 4, Rounds: 1, Threads: 1}, dir: t.TempDir(), seeds: 3, places: make(chan struct{}, 2)}
	names := []string{"lstm", "ht-lstm", "tt-lstm", "fdtt-lstm"}
	results, err := newResults(invented(t, c, names...), 8)
	require.NoError(t, err)
	require.NoError(t, newReport(c, "go run ./cmd/compare <with> \"quotes\" & more", results).write(c.dir, results))

	var asked, said []string
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "data:") {
				asked = append(asked, e.Request.URL)
			}
		case *runtime.EventConsoleAPICalled:
			said = append(said, string(e.Type))
		case *runtime.EventExceptionThrown:
			said = append(said, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			said = append(said, e.Entry.Text)
		}
	}))
	defer cancel()
	require.NoError(t, chromedp.Do(ctx)) // starts the browser
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	address := "file://" + filepath.Join(c.dir, "index.html")
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(address)))
	title, err := chromedp.Run(ctx, chromedp.Title())
	require.NoError(t, err)
	count := func(script string) int {
		n, err := chromedp.Run(ctx, chromedp.Evaluate[int](script))
		require.NoError(t, err)
		return n
	}
	tables := count(`document.querySelectorAll("table.results").length`)
	images := count(`document.images.length`)
	seen := count(`[...document.images].filter(i => i.complete && i.naturalWidth > 300 && i.getBoundingClientRect().width > 300).length`)
	models := count(fmt.Sprintf(`%q.split(" ").filter(name => [...document.querySelectorAll("table.results td")].some(cell => cell.textContent == name)).length`, strings.Join(names, " ")))
	require.Equal(t, "Recurrent models side by side", title)
	require.Equal(t, 4, tables, "accuracy, claims, costs, learning rates")
	require.Equal(t, len(names), models)
	require.Equal(t, 4+len(names), images)
	require.Equal(t, images, seen, "every plot is drawn")
	require.Equal(t, []string{address}, asked, "nothing but the file itself")
	require.Empty(t, said, "the console is empty")
}
