package compare

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser is one tab of a headless browser.
type browser struct {
	t           *testing.T
	ctx         context.Context
	asked, said []string // what it asked of the network, but for the file itself, and its console
}

// newBrowser starts one, or skips the test where there is none.
func newBrowser(t *testing.T) *browser {
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no chromium; apt-get install chromium")
	}
	b := &browser{t: t}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "data:") {
				b.asked = append(b.asked, e.Request.URL)
			}
		case *runtime.EventConsoleAPICalled:
			b.said = append(b.said, string(e.Type))
		case *runtime.EventExceptionThrown:
			b.said = append(b.said, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			b.said = append(b.said, e.Entry.Text)
		}
	}))
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx)) // starts the browser
	b.ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	_, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	return b
}

// look makes the screen so wide, and "light" or "dark".
func (b *browser) look(width int64, scheme string) {
	b.do(chromedp.EmulateViewport(width, 900))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(b.t, err)
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

// value is that of a script.
func value[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err)
	return v
}

// contrast is that of two colours, as the Web Content Accessibility Guidelines have it.
func contrast(a, b color.Color) float64 {
	luminance := func(c color.Color) float64 {
		linear := func(v uint32) float64 {
			if s := float64(v) / 0xffff; s > 0.04045 {
				return math.Pow((s+0.055)/1.055, 2.4)
			}
			return float64(v) / 0xffff / 12.92
		}
		r, g, b, _ := c.RGBA()
		return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
	}
	light, dark := luminance(a), luminance(b)
	return (max(light, dark) + 0.05) / (min(light, dark) + 0.05)
}

// checkDark looks at the page in light and dark: its background is another one, which
// its plots share, and text on it can be read.
func (b *browser) checkDark() {
	t := b.t
	colours := map[string]color.Color{}
	for _, scheme := range []string{"light", "dark"} {
		b.look(390, scheme)
		for _, selector := range []string{"p", "th", "td", "pre", "figcaption", "h2"} {
			c := value[[3][]uint8](b, fmt.Sprintf(`(e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor, getComputedStyle(document.body).backgroundColor].map(c => c.match(/[0-9.]+/g).map(Number)))(document.querySelector(%q))`, selector))
			ink, paper := c[0], c[1]
			if len(paper) == 4 { // transparent
				paper = c[2]
			}
			of := func(v []uint8) color.Color { return color.RGBA{R: v[0], G: v[1], B: v[2], A: 0xff} }
			require.GreaterOrEqual(t, contrast(of(ink), of(paper)), 4.5, "%s, %s", selector, scheme)
			colours[scheme] = of(c[2])
		}
		value[bool](b, `(e => { e.scrollIntoView(); return true })(document.querySelector("figure svg"))`)
		img := b.screen()
		paper, most := img.At(20, 4), 0.0
		for y := 4; y < 30; y++ { // its title
			for x := range 370 {
				most = max(most, contrast(paper, img.At(x, y)))
			}
		}
		require.GreaterOrEqual(t, b.contrastOf("45"), 4.5, "a number in a full cell, %s", scheme)
		require.Less(t, contrast(paper, colours[scheme]), 1.05, "the plot's background is the page's")
		require.GreaterOrEqual(t, most, 7.0, "the title of a plot, %s", scheme)
	}
	require.Greater(t, contrast(colours["light"], colours["dark"]), 10.0)
}

func (b *browser) screen() image.Image {
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(b.t, err)
	return img
}

// contrastOf is that of a word in a plot with what is around it.
func (b *browser) contrastOf(word string) float64 {
	at := value[[4]float64](b, fmt.Sprintf(`(t => { t.scrollIntoView({block: "center"}); const r = t.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] })(
		[...document.querySelectorAll("figure text")].filter(t => t.textContent == %q).pop())`, word))
	img, most := b.screen(), 0.0
	around := img.At(int(at[0])-2, int(at[1]))
	for y := int(at[1]); y < int(at[3]); y++ {
		for x := int(at[0]); x < int(at[2]); x++ {
			most = max(most, contrast(around, img.At(x, y)))
		}
	}
	return most
}
