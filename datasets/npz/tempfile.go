package npz

import "os"

// tempFile is a file that goes away when it is closed, or when the program is
// killed where the system can remove open files.
type tempFile struct {
	*os.File
	removed bool
}

func newTempFile() (*tempFile, error) {
	f, err := os.CreateTemp("", "tensorzoo-*")
	if err != nil {
		return nil, err
	}
	return &tempFile{File: f, removed: os.Remove(f.Name()) == nil}, nil
}

func (f *tempFile) Close() error {
	err := f.File.Close()
	if !f.removed {
		f.removed = true
		if e := os.Remove(f.Name()); err == nil {
			err = e
		}
	}
	return err
}
