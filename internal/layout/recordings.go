package layout

import "strings"

// recordings are the names of groups, by what they show and their number.
type recordings map[[2]string]string

// name returns the name of the group of a file that shows what its class or person is
// called, and has such a number. 7 and 07 are one number: else clips of one recording
// would be in both parts of a split where they are written differently.
func (r recordings) name(of, number string) string {
	key := [2]string{of, strings.TrimLeft(number, "0")}
	if r[key] == "" {
		r[key] = of + " " + number
	}
	return r[key]
}
