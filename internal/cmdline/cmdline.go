// Package cmdline is what commands share: flags and errors in words, exit codes, and command
// lines for the user to repeat.
package cmdline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
)

// Program returns how the user started this program, the command of that name of this
// module.
func Program(name string) string {
	exe, err := os.Executable()
	if err != nil || !strings.Contains(exe, "go-build") {
		return Quote(os.Args[0])
	}
	if _, err := os.Stat("cmd/" + name + "/main.go"); err == nil {
		return "go run ./cmd/" + name
	}
	path := "github.com/tensorzoo/tensorzoo/cmd/" + name
	if module, err := os.ReadFile("go.mod"); err == nil && strings.Contains(string(module), path) {
		return "go tool " + name // go get -tool wrote that
	}
	return "go run " + path
}

// Other returns how the user would start another command of this module: as this one if
// the go command started it, otherwise the program of that name beside this one.
func Other(name string) string {
	if exe, err := os.Executable(); err == nil && !strings.Contains(exe, "go-build") {
		beside := filepath.Join(filepath.Dir(exe), name+filepath.Ext(exe))
		if _, err := os.Stat(beside); err != nil {
			return "go run github.com/tensorzoo/tensorzoo/cmd/" + name
		}
		if dir, _ := filepath.Split(os.Args[0]); dir != "" {
			return Quote(dir + name)
		}
		return name // both are found by their names
	}
	return Program(name)
}

// Quote makes s one word for a shell. Characters that a terminal would act on are written
// as numbers, as bash, zsh and the standard of 2024 know them.
func Quote(s string) string {
	if names.Line(s) != s {
		var octal strings.Builder
		for _, c := range []byte(s) {
			if c < ' ' || c > '~' || c == '\'' || c == '\\' {
				fmt.Fprintf(&octal, `\%03o`, c)
			} else {
				octal.WriteByte(c)
			}
		}
		return "$'" + octal.String() + "'"
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:,+@%", r) || r > 127
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Usage is an error in what the user asked for or gave.
type Usage struct{ Err error }

// Error is that of the wrapped error.
func (u Usage) Error() string { return u.Err.Error() }

// Unwrap returns the wrapped error.
func (u Usage) Unwrap() error { return u.Err }

// Usagef words a Usage.
func Usagef(format string, args ...any) error { return Usage{errors.Errorf(format, args...)} }

// IsUsage reports whether an error is a Usage, or wraps one.
func IsUsage(err error) bool { return errors.As(err, &Usage{}) }

// Interrupted is the error of work that the user stopped: context.Canceled in words.
type Interrupted string

func (e Interrupted) Error() string { return string(e) }

// Unwrap returns context.Canceled.
func (e Interrupted) Unwrap() error { return context.Canceled }

// ExitCode returns what a command ends with: 2 for a Usage and, as shells report an
// interrupt, 130 for one.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return 130
	case IsUsage(err):
		return 2
	}
	return 1
}
