package charts

import (
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every text of an SVG file says how wide it is, so that no font of a reader makes it
// wider than the room that was laid out for it.
func TestTextHasItsWidth(t *testing.T) {
	text := regexp.MustCompile(`<text [^>]*>[^<]*</text>`)
	sized := regexp.MustCompile(`(?s)^<text textLength="([0-9.]+)" lengthAdjust="spacingAndGlyphs" .*font-weight:(\w+);.*font-size:([0-9.]+)px[^>]*>([^<]*)</text>$`)
	for name, draw := range map[string]func(path string) error{
		"lines": func(path string) error {
			return drawPanels(path, Panel{Title: "a <title> & more", X: "x", Y: "y", Lines: make([]Line, 2)})
		},
		"bars": func(path string) error { return Save(path, BarPanel{Title: "t", X: "x", Bars: []Bar{{"b", 1, 0, 0}}}) },
		"confusion": func(path string) error {
			return Save(path, Matrix{"title", []string{"<up>", "down"}, [][]int{{1, 2}, {3, 4}}})
		},
	} {
		path := filepath.Join(t.TempDir(), "a.svg")
		require.NoError(t, draw(path))
		svg, err := os.ReadFile(path)
		require.NoError(t, err)
		all := text.FindAllString(string(svg), -1)
		require.NotEmpty(t, all, name)
		for _, element := range all {
			if regexp.MustCompile(`></text>$`).MatchString(element) {
				continue // a line without a name
			}
			found := sized.FindStringSubmatch(element)
			require.NotNil(t, found, element)
			width, err := strconv.ParseFloat(found[1], 64)
			require.NoError(t, err)
			size, err := strconv.ParseFloat(found[3], 64)
			require.NoError(t, err)
			require.InEpsilon(t, Width(html.UnescapeString(found[4]), size, found[2] == "bold"), width, 1e-3, element)
		}
	}
}

// Fewer draws than rapid's 100 will do, but for TENSORZOO_LONG=1.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := os.Getenv("TENSORZOO_LONG") == "1"
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "rapid.checks" })
	if !chosen {
		if err := flag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
