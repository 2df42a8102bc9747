package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// defaultSteps is what no -steps means for videos.
const defaultSteps = "6"

// stepsFlag is a number of frames, or all.
type stepsFlag int

func (s *stepsFlag) String() string {
	switch *s {
	case 0:
		return ""
	case datasets.AllSteps:
		return "all"
	}
	return strconv.Itoa(int(*s))
}

// Get implements flag.Getter, for a run's configuration.
func (s *stepsFlag) Get() any { return s.String() }

// Set implements flag.Value.
func (s *stepsFlag) Set(text string) error {
	switch n, err := strconv.Atoi(text); {
	case text == "all":
		*s = datasets.AllSteps
	case text == "": // as a run writes that it had none
		*s = 0
	case err != nil || n < 1:
		return errors.New("want a number from 1 on, or all")
	default:
		*s = stepsFlag(n)
	}
	return nil
}

// bytesFlag is a number of bytes, such as 2GB.
type bytesFlag int64

var units = []struct {
	name  string
	bytes int64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}}

func (b *bytesFlag) String() string {
	if *b == 0 {
		return ""
	}
	for _, u := range units {
		if int64(*b)%u.bytes == 0 {
			return strconv.FormatInt(int64(*b)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Get implements flag.Getter.
func (b *bytesFlag) Get() any { return b.String() }

// Set implements flag.Value.
func (b *bytesFlag) Set(text string) error {
	number, factor := text, int64(1)
	for _, u := range units {
		if rest, ok := strings.CutSuffix(strings.ToLower(text), strings.ToLower(u.name)); ok {
			number, factor = rest, u.bytes
			break
		}
	}
	if text == "" {
		*b = 0
		return nil
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v > 0 && v*float64(factor) < 1e18) {
		return errors.New("want a size such as 500MB or 2GB")
	}
	*b = bytesFlag(v * float64(factor))
	return nil
}

// parseSize reads 160x120.
func parseSize(text string) (width, height int, err error) {
	w, h, _ := strings.Cut(text, "x")
	if width, err = strconv.Atoi(w); err == nil {
		height, err = strconv.Atoi(h)
	}
	if err != nil || width < 1 || height < 1 {
		return 0, 0, errors.Errorf("%q; want WIDTHxHEIGHT, such as 160x120", text)
	}
	return width, height, nil
}

// sizes says what to do about a model that reads so many values a step, which are no
// frame of 4:3 in colour.
func (f *flags) sizes(features int) string {
	var sizes []string
	if w, h := frameOf(features / 3); features%3 == 0 && w > 0 {
		sizes = append(sizes, fmt.Sprintf("-size %dx%d", w, h))
	}
	if w, h := frameOf(features); strings.Contains(f.data, ":") && w > 0 {
		sizes = append(sizes, fmt.Sprintf("-grey -size %dx%d", w, h))
	}
	other := "take another model, whose \"in_modes\" multiply to the values of a frame"
	if len(sizes) == 0 {
		return other
	}
	return fmt.Sprintf("give the size of frames that have as many, such as %s, or %s", strings.Join(sizes, " or "), other)
}

// frameOf returns the width and the height of the frame nearest to a square that has so
// many pixels, or zeros where it would be a stripe.
func frameOf(pixels int) (width, height int) {
	for height = int(math.Sqrt(float64(pixels))); height > 0 && 4*height*height >= pixels; height-- {
		if pixels%height == 0 {
			return pixels / height, height
		}
	}
	return 0, 0
}

// gaps says which classes have no training or no test clips, as far as the set tells
// without reading them: a line for each part.
func gaps(set datasets.Set) (lines []string) {
	labelled, ok := set.(datasets.Labelled)
	if !ok {
		return nil
	}
	classes := set.Classes()
	for _, of := range []struct {
		part datasets.Part
		name string
	}{{datasets.Train, "training"}, {datasets.Test, "test"}} {
		if set.Clips(of.part) == 0 { // it is not asked for
			continue
		}
		lacking := slices.Clone(classes)
		for i := range set.Clips(of.part) {
			lacking[labelled.Label(of.part, i)] = ""
		}
		lacking = slices.DeleteFunc(lacking, func(name string) bool { return name == "" })
		if len(lacking) > 0 {
			lines = append(lines, fmt.Sprintf("no %s clips of %d of the %d classes, which have too few for this split: %s", of.name, len(lacking), len(classes), strings.Join(lacking, ", ")))
		}
	}
	return lines
}
