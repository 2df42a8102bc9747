//go:build !windows

package durable

// held reports whether another program may have caused the error, by having a file
// open. Only Windows minds.
func held(error) bool { return false }
