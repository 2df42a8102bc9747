package cmdline

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
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

// Given reports whether a flag of the set has been given a value.
func Given(fs *flag.FlagSet, name string) (given bool) {
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// IsFolder reports whether there is a folder at path.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// CheckText returns an error for a flag that was given with bytes that are not UTF-8,
// such as the name of a folder in an old encoding: a run's files are JSON, and would name
// another folder.
func CheckText(fs *flag.FlagSet) (err error) {
	fs.Visit(func(f *flag.Flag) {
		if v := f.Value.String(); err == nil && !utf8.ValidString(v) {
			err = errors.Errorf("-%s %q is not UTF-8, and no JSON can keep it; rename the file or folder, or give a link to it", f.Name, v)
		}
	})
	return err
}

var badValue = regexp.MustCompile(`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-([^ "]+): (.*)$`)

// Explain words an error of fs.Parse: it names the flag, the value and what is accepted,
// and for an unknown flag those it may stand for.
func Explain(fs *flag.FlagSet, err error) string {
	text := err.Error()
	if name, unknown := strings.CutPrefix(text, "flag provided but not defined: -"); unknown {
		return text + didyoumean.Hint(name, Names(fs))
	}
	if name, bare := strings.CutPrefix(text, "flag needs an argument: -"); bare {
		return fmt.Sprintf("-%s has no value; %s", name, want(fs.Lookup(name), ""))
	}
	if m := badValue.FindStringSubmatch(text); m != nil {
		value := m[1]
		if plain, err := strconv.Unquote(value); err == nil && plain != "" {
			value = plain
		}
		return fmt.Sprintf("-%s is %s; %s", m[2], value, want(fs.Lookup(m[2]), m[3]))
	}
	return text
}

// Parse is fs.Parse for the command called fs.Name(). Asked for help, it prints that with the
// program as the user started it, and then the flags. Its other errors are in words, a Usage.
func Parse(fs *flag.FlagSet, args []string, help string, stdout io.Writer) (helped bool, err error) {
	fs.SetOutput(io.Discard)
	err = fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, strings.ReplaceAll(help, "go run ./cmd/"+fs.Name(), Program(fs.Name())))
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return true, nil
	case err != nil:
		return false, Usagef("%s: %s", fs.Name(), Explain(fs, err))
	}
	return false, nil
}

// Set is fs.Set with an error that says what is accepted, "want a whole number".
func Set(fs *flag.FlagSet, name, value string) error {
	if err := fs.Set(name, value); err != nil {
		return fmt.Errorf("%s", want(fs.Lookup(name), err.Error()))
	}
	return nil
}

// want says what a flag accepts, given why it does not accept a value. Flags of types
// of our own say it themselves.
func want(f *flag.Flag, reason string) string {
	if f == nil || reason != "" && reason != "parse error" && reason != "value out of range" {
		return reason
	}
	kind := ""
	if getter, ok := f.Value.(flag.Getter); ok {
		kind = fmt.Sprintf("%T", getter.Get())
	}
	text := cmp.Or(map[string]string{
		"bool": "want true or false", "int": "want a whole number", "uint64": "want a whole number from 0 on",
		"float64": "want a number such as 0.5 or 1e-3", "time.Duration": "want a time with its unit, such as 30s, 10m or 2h",
	}[kind], "want a value, see -h")
	if reason == "value out of range" {
		text += fmt.Sprintf(", at most %v", map[string]any{"int": math.MaxInt, "uint64": uint64(math.MaxUint64), "float64": "1.8e308"}[kind])
	}
	return text
}

// Field returns the name of the flag for a field of a configuration, which is the same
// except for dashes and capitals, weight-decay for WeightDecay, or a shorter one.
func Field(fs *flag.FlagSet, field string) string {
	if name, ok := map[string]string{"Dir": "out", "MaxGradNorm": "clip", "LearningRate": "lr", "Truncate": "bptt"}[field]; ok {
		return name
	}
	for _, name := range Names(fs) {
		if strings.EqualFold(strings.ReplaceAll(name, "-", ""), field) {
			return name
		}
	}
	return field
}

var packagePrefix = regexp.MustCompile(`^[a-z]+: `)

// Bare returns the text of an error without its package prefix, for a message that begins
// with the command.
func Bare(err error) string { return packagePrefix.ReplaceAllString(err.Error(), "") }

// Blame makes a Usage of an error, with the name of the flag whose value, or an entry of its
// list, the error quotes, if one was given: -split: actions has no split "x".
func Blame(fs *flag.FlagSet, err error) error {
	name := ""
	fs.Visit(func(f *flag.Flag) {
		for entry := range strings.SplitSeq(f.Value.String(), ",") {
			if entry = strings.TrimSpace(entry); entry != "" && name == "" && strings.Contains(err.Error(), strconv.Quote(entry)) {
				name = f.Name
			}
		}
	})
	if name == "" {
		return Usage{err}
	}
	return Usagef("%s: -%s: %s", fs.Name(), name, Bare(err))
}
