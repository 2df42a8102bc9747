package sets

import (
	"fmt"
	"math"
	"strings"

	"github.com/pkg/errors"
)

// Frame returns the options with the frame size: the user's or, for a set called data of
// colour frames, the 4:3 one of that many values. For other sets the options stay as they
// are. It returns an error when there is no such size.
func Frame(opt Options, data, size string, features int) (_ Options, err error) {
	switch {
	case size != "":
		opt.Width, opt.Height, err = ParseSize(size)
		err = errors.WithMessage(err, "-size")
	case Frames(data) && !opt.Grey:
		if opt.Height, opt.Width, err = frameSize(features); err != nil {
			err = errors.Errorf("%v; %s", err, sizes(data, features))
			if data == "actions" { // nobody may have asked for it
				err = errors.WithMessage(err, "-data is actions by default, give -data for other data; of actions")
			}
		}
	}
	return opt, err
}

// frameSize returns the rows and columns of 4:3 RGB frames with the given number
// of values, to open a set with for a model that reads that many. It returns an error
// when there are no such frames.
func frameSize(features int) (height, width int, err error) {
	j := int(math.Round(math.Sqrt(float64(features) / 36)))
	if j < 1 || 36*j*j != features {
		return 0, 0, errors.Errorf("the model reads %d values a step, and frames of 4:3 in colour have 4j x 3j x 3, such as 160x120x3 = 57600 or 64x48x3 = 9216", features)
	}
	return 3 * j, 4 * j, nil
}

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
