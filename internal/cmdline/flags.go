package cmdline

import (
	"flag"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
)

// Names lists the flags of a set, sorted.
func Names(fs *flag.FlagSet) []string {
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// CheckText returns an error for a flag that was given with bytes that are not UTF-8,
// such as the name of a folder in an old encoding: what is kept of a run is JSON, and
// would name another folder.
func CheckText(fs *flag.FlagSet) (err error) {
	fs.Visit(func(f *flag.Flag) {
		if v := f.Value.String(); err == nil && !utf8.ValidString(v) {
			err = errors.Errorf("-%s %q is not UTF-8, and no JSON can keep it; rename the file or folder, or give a link to it", f.Name, v)
		}
	})
	return err
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
