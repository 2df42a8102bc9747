package videos

import (
	"fmt"
	"math"
	"strings"
)

// sizes says what to do about a model that reads features values per step of the set
// called data, which are not a 4:3 frame in colour.
func sizes(data string, features int) string {
	var sizes []string
	if w, h := frameOf(features / 3); features%3 == 0 && w > 0 {
		sizes = append(sizes, fmt.Sprintf("-size %dx%d", w, h))
	}
	if w, h := frameOf(features); strings.Contains(data, ":") && w > 0 {
		sizes = append(sizes, fmt.Sprintf("-grey -size %dx%d", w, h))
	}
	other := "take another model, whose \"in_modes\" multiply to the values of a frame"
	if len(sizes) == 0 {
		return other
	}
	return fmt.Sprintf("give the size of frames that have as many, such as %s, or %s", strings.Join(sizes, " or "), other)
}

// leastSide is that of a frame in which there is something to see.
const leastSide = 8

// frameOf returns the width and the height of the frame nearest to a square that has so
// many pixels, or zeros where it would be a stripe or a speck.
func frameOf(pixels int) (width, height int) {
	for height = int(math.Sqrt(float64(pixels))); height >= leastSide && 4*height*height >= pixels; height-- {
		if pixels%height == 0 {
			return pixels / height, height
		}
	}
	return 0, 0
}
