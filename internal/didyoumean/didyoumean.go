// Package didyoumean words errors about unknown names.
package didyoumean

import (
	"fmt"
	"strings"
)

// Hint completes an error about an unknown name with the one probably meant, if
// one is close, and the known names, unless those would hide it.
func Hint(bad string, names []string) string {
	known := strings.Join(names, ", ")
	if near := Closest(bad, names); near != "" {
		if len(names) > 24 {
			return fmt.Sprintf("; did you mean %q?", near)
		}
		return fmt.Sprintf("; did you mean %q? (known: %s)", near, known)
	}
	return fmt.Sprintf(" (known: %s)", known)
}

// Closest returns the name that bad looks like a typo or a short form of, or ""
// if there is none.
func Closest(bad string, names []string) string {
	bad = strings.ToLower(bad)
	// Three edits away is another word, and so is one that shares less than half of the
	// letters: every name of two letters is two edits from any other.
	best, least := "", min(2, len(bad)/2)+1
	for _, name := range names {
		if len(bad) >= 3 && strings.HasPrefix(name, bad) {
			return name
		}
		if d := editDistance(bad, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// editDistance returns the Levenshtein distance of a and b: the number of
// bytes to insert, delete or replace to turn one into the other.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
