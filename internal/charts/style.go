package charts

import (
	"image/color"
	"math"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lengths in points. On a phone a panel is 358 px wide, and its text still 9 px high.
const (
	panelWidth  = 411
	panelHeight = 300 // without the legend
	dataWidth   = 320 // less than the data have
	margin      = 12
	titleHeight = 28
	lineHeight  = 18 // of a line of text
	tickLength  = 5
	textGap     = 4
	ruleWidth   = 0.75

	// Of text.
	titleSize = 13
	labelSize = 12
	tickSize  = 11
)

var (
	ink   = color.RGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	faint = color.RGBA{R: 0xe2, G: 0xe2, B: 0xe2, A: 0xff}
)

// palette is that of Okabe and Ito ("Color Universal Design", 2008), which
// people of any colour vision tell apart, without its yellow, too pale for a
// line on white.
var palette = []color.NRGBA{
	{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, // blue
	{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}, // vermilion
	{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}, // bluish green
	{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, // reddish purple
	{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, // orange
	{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}, // sky blue
	{R: 0x00, G: 0x00, B: 0x00, A: 0xff}, // black
}

// dashes distinguish lines without any colour.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {14, 3}}

// sans lays out text in fonts that are part of the program.
var sans = text.Plain{Fonts: font.NewCache(liberation.Collection())}

// style is plain text. x and y say which of its sides, or its middle, is at the
// point where it is drawn.
func style(size vg.Length, x draw.XAlignment, y draw.YAlignment) draw.TextStyle {
	return draw.TextStyle{Color: ink, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, XAlign: x, YAlign: y, Handler: sans}
}

// heading is the text of titles, bold and centred.
func heading() draw.TextStyle { return bold(style(titleSize, draw.XCenter, draw.YCenter)) }

func bold(s draw.TextStyle) draw.TextStyle {
	s.Font.Weight = stdfont.WeightBold
	return s
}

// upwards turns text by a quarter, to be read from below.
func upwards(s draw.TextStyle) draw.TextStyle {
	s.Rotation = math.Pi / 2
	return s
}
