// Package numerals writes numbers as English text has them.
package numerals

import (
	"fmt"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// English is a printer that writes commas between thousands: 57,600 for %d, 1,240.5 for %.1f.
var English = message.NewPrinter(language.English)

// Thousands writes 58,982,400.
func Thousands(n int) string { return English.Sprint(n) }

// Counted writes a number of things, "1 step" or "6 steps".
func Counted(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
