// Package dims counts and writes sizes.
package dims

import (
	"math"
	"strconv"
	"strings"
)

// Size returns the number of elements of a tensor with the given sizes, 1 for none, or
// the largest int where that does not hold it.
func Size(sizes []int) int {
	n := 1
	for _, s := range sizes {
		if s > 0 && n > math.MaxInt/s {
			return math.MaxInt
		}
		n *= s
	}
	return n
}

// Around returns the numbers of elements before, along and after an axis.
func Around(sizes []int, axis int) (outer, size, inner int) {
	return Size(sizes[:axis]), sizes[axis], Size(sizes[axis+1:])
}

// Dots writes sizes as users read them: 8·10·10·9·8.
func Dots(sizes []int) string {
	if len(sizes) == 0 {
		return "none"
	}
	s := make([]string, len(sizes))
	for k, n := range sizes {
		s[k] = strconv.Itoa(n)
	}
	return strings.Join(s, "·")
}
