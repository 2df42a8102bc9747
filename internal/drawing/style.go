package drawing

import (
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/charts"
)

// Colours are those of package charts: Okabe and Ito's, which people of any
// colour vision tell apart.
const (
	ink       = "#222222"
	grey      = "#5a5a5a"
	blue      = "#0072b2"
	vermilion = "#b84f00" // a little darker than theirs: digits are thin

	paper         = "#ffffff"
	paleGrey      = "#e6e6e6"
	paleBlue      = "#d6e9f5"
	paleVermilion = "#fbe2d0"
)

// style is how words look.
type style struct {
	size   float64
	bold   bool
	colour string
}

var (
	nameStyle  = style{size: 13, colour: ink} // of cores, and in the legend
	titleStyle = style{size: 15, bold: true, colour: ink}
	plusStyle  = style{size: 24, colour: ink}
)

// colours are those of legs.
var colours = map[decomp.Kind]string{decomp.Input: blue, decomp.Output: vermilion, decomp.Rank: grey}

// kindStyle is the style of the size of a leg.
func kindStyle(k decomp.Kind) style { return style{size: 13, colour: colours[k]} }

// fill distinguishes cores of input modes, of output modes, of both and of
// neither.
func (n node) fill() string {
	switch {
	case n.in && n.out:
		return paper
	case n.in:
		return paleBlue
	case n.out:
		return paleVermilion
	}
	return paleGrey
}

// wider is how much wider than Liberation Sans, or Arial, which has the same
// measures, the sans-serif font of a reader may be: DejaVu Sans and Verdana are.
const wider = 1.16

// room is the width that words may take on any reader's screen.
func (s style) room(words string) float64 { return wider * charts.Width(words, s.size, s.bold) }
