package zoo

import "slices"

// Unregister takes back what a test registered.
func Unregister(name string) {
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Name == name })
}
