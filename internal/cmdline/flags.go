package cmdline

import (
	"flag"
	"strings"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Names lists the flags of a set, sorted.
func Names(fs *flag.FlagSet) []string {
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// Hint completes the error of fs.Parse about a flag that there is not with those
// that it may be meant for. It is "" for other errors.
func Hint(fs *flag.FlagSet, err error) string {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return ""
	}
	return didyoumean.Hint(name, Names(fs))
}
