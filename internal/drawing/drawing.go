// Package drawing draws tensor networks as SVG: cores as circles, modes as legs
// that end in their sizes, ranks as lines between cores with theirs beside. A
// chain of cores becomes a row, a ring a ring, and a tree stands with its leaves
// at the bottom; which of them a network is follows from its legs, not its
// format.
//
// A layout (row.go, tree.go) gives a figure, shapes at places, which svg.tmpl writes.
package drawing

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gonum.org/v1/gonum/spatial/r2"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/durable"
)

const (
	margin   = 20
	rowWidth = 1100 // after which the terms of a sum go on in a new row
	maxTerms = 12   // that are drawn; a block term matrix may have thousands, all alike
	sample   = 26   // of the line in front of its name in the legend
)

// Panel is one matrix with its title.
type Panel struct {
	Title  string
	Matrix *decomp.Matrix
}

// Check returns an error when the extension of path is not .svg.
func Check(path string) error {
	if strings.ToLower(filepath.Ext(path)) != ".svg" {
		return errors.Errorf("drawing: %s: ending is %q, want .svg", path, filepath.Ext(path))
	}
	return nil
}

// Draw draws the panels one below the other and writes them to path. No reader
// ever sees half a file. The same matrices give the same bytes.
//
// It fails when there is no panel, when the extension of path is not .svg, when
// a network is not a chain, a ring or a tree of cores, or when the file cannot
// be written.
func Draw(path string, panels ...Panel) error {
	if err := Check(path); err != nil {
		return err
	}
	f, size, err := compose(panels)
	if err != nil {
		return errors.Wrapf(err, "drawing: %s", path)
	}
	titles := make([]string, len(panels))
	for k, p := range panels {
		titles[k] = p.Title
	}
	err = durable.WriteFile(path, func(w io.Writer) error { return f.svg(w, size, strings.Join(titles, "; ")) })
	return errors.Wrapf(err, "drawing: %s", path)
}

// compose puts the panels one below the other, each with its title above, and a
// legend at the end, on a page of a size.
func compose(panels []Panel) (page *figure, size r2.Vec, err error) {
	if len(panels) == 0 {
		return nil, size, errors.New("no matrix to draw")
	}
	var parts []*figure
	var lines []line
	for _, p := range panels {
		f, err := sum(p.Matrix.Terms)
		if err != nil {
			return nil, size, err
		}
		parts, lines = append(parts, words(p.Title, titleStyle), f), append(lines, f.Lines...)
	}
	centred := &figure{}
	for k, f := range append(parts, legend(lines)) {
		size.Y += margin
		if k > 0 && k%2 == 0 {
			size.Y += margin / 2 // a title is nearer to its matrix than to the one before
		}
		b := f.bounds()
		centred.add(f, r2.Vec{X: -b.Center().X, Y: size.Y - b.Min.Y})
		size.Y += b.Size().Y
	}
	size = r2.Add(size, r2.Vec{X: centred.bounds().Size().X + 2*margin, Y: margin})
	page = &figure{}
	page.add(centred, r2.Vec{X: size.X / 2})
	return page, size, nil
}

// words is a figure of one text.
func words(s string, st style) *figure { return &figure{Texts: []text{{Words: s, Style: st}}} }

// sum draws the terms in rows, with a plus between any two.
func sum(terms []decomp.Network) (*figure, error) {
	more := 0
	if len(terms) > maxTerms+1 {
		terms, more = terms[:maxTerms], len(terms)-maxTerms
	}
	var parts [][]*figure
	for _, net := range terms {
		term, err := layout(net)
		if err != nil {
			return nil, err
		}
		parts = append(parts, []*figure{words("+", plusStyle), term})
	}
	if more > 0 {
		parts = append(parts, []*figure{words("+", plusStyle), words(fmt.Sprintf("%d more", more), titleStyle)})
	}
	parts[0] = parts[0][1:]
	f := &figure{}
	var x, y, height float64
	for _, together := range parts { // on one row
		width, high := 0.0, 0.0
		for _, p := range together {
			size := p.bounds().Size()
			width, high = width+size.X+space, max(high, size.Y)
		}
		if x > 0 && x+width > rowWidth {
			x, y, height = 0, y+height+2*space, 0
		}
		height = max(height, high)
		for _, p := range together {
			b := p.bounds()
			f.add(p, r2.Vec{X: x - b.Min.X, Y: y + height/2 - b.Center().Y})
			x += b.Size().X + space
		}
	}
	return f, nil
}

// legend says which kind of leg has which colour.
func legend(lines []line) *figure {
	f, x := &figure{}, 0.0
	for k, name := range []string{decomp.Input: "input mode", decomp.Output: "output mode", decomp.Rank: "rank"} {
		kind := decomp.Kind(k)
		if slices.ContainsFunc(lines, func(l line) bool { return l.kind == kind }) {
			w := nameStyle.room(name)
			f.leg(decomp.Leg{Kind: kind, Size: 2}, r2.Vec{X: x}, r2.Vec{X: x + sample})
			f.Texts = append(f.Texts, text{r2.Vec{X: x + sample + gap + w/2}, name, nameStyle})
			x += sample + gap + w + 2*space
		}
	}
	return f
}
