package drawing

import (
	"fmt"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
)

const (
	margin   = 20
	rowWidth = 1100 // after which the terms of a sum go on in a new row
	maxTerms = 12   // that are drawn; a block term matrix may have thousands, all alike
	sample   = 26   // of the line in front of its name in the legend
)

// compose puts the panels one below the other, each with its title above, and a
// legend at the end.
func compose(panels []Panel) (*figure, point, error) {
	if len(panels) == 0 {
		return nil, point{}, errors.New("no matrix to draw")
	}
	var parts []*figure
	kinds := map[decomp.Kind]bool{}
	for _, p := range panels {
		f, err := sum(p.Matrix.Terms)
		if err != nil {
			return nil, point{}, err
		}
		for _, l := range f.lines {
			kinds[l.kind] = true
		}
		parts = append(parts, words(p.Title, titleStyle), f)
	}
	parts = append(parts, legend(kinds))
	width := 0.0
	for _, f := range parts {
		width = max(width, f.bounds().width())
	}
	width += 2 * margin
	page, y := &figure{}, 0.0
	for k, f := range parts {
		y += margin
		if k > 0 && k%2 == 0 {
			y += margin / 2 // a title is nearer to its matrix than to the one before
		}
		b := f.bounds()
		page.add(f, point{width/2 - (b.min.x+b.max.x)/2, y - b.min.y})
		y += b.height()
	}
	return page, point{width, y + margin}, nil
}

// words is a figure of one text.
func words(s string, st style) *figure { return &figure{texts: []text{{words: s, style: st}}} }

// sum draws the terms in rows, with a plus between any two.
func sum(terms []decomp.Network) (*figure, error) {
	f := &figure{}
	var x, y, height float64
	add := func(parts ...*figure) { // on one row
		width := 0.0
		for _, p := range parts {
			width += p.bounds().width() + space
		}
		if x > 0 && x+width > rowWidth {
			x, y, height = 0, y+height+2*space, 0
		}
		for _, p := range parts {
			height = max(height, p.bounds().height())
		}
		for _, p := range parts {
			b := p.bounds()
			f.add(p, point{x - b.min.x, y + height/2 - (b.min.y+b.max.y)/2})
			x += b.width() + space
		}
	}
	for k, net := range terms {
		term, err := layout(net)
		switch {
		case err != nil:
			return nil, err
		case k == 0:
			add(term)
		case k < maxTerms || k == maxTerms && len(terms) == maxTerms+1:
			add(words("+", plusStyle), term)
		default:
			add(words("+", plusStyle), words(fmt.Sprintf("%d more", len(terms)-k), titleStyle))
			return f, nil
		}
	}
	return f, nil
}

// legend says which kind of leg has which colour.
func legend(kinds map[decomp.Kind]bool) *figure {
	f := &figure{}
	x := 0.0
	for _, entry := range []struct {
		kind decomp.Kind
		name string
	}{{decomp.Input, "input mode"}, {decomp.Output, "output mode"}, {decomp.Rank, "rank"}} {
		if !kinds[entry.kind] {
			continue
		}
		f.leg(decomp.Leg{Kind: entry.kind, Size: 2}, point{x, 0}, point{x + sample, 0})
		w := nameStyle.room(entry.name)
		x += sample + gap + w/2
		f.texts = append(f.texts, text{at: point{x, 0}, words: entry.name, style: nameStyle})
		x += w/2 + 2*space
	}
	return f
}
