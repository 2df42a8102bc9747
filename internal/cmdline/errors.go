package cmdline

import (
	"context"

	"github.com/pkg/errors"
)

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
