package layout

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"
)

// Find lists the clips in a folder and the folders below it, in order: files with the
// extension of a video, and folders of PNG or JPEG frames with no such file in or below
// them; or, for features, .npy files. Links are followed. It returns an error when there
// are none.
func Find(dir string, features bool) ([]string, error) {
	endings := videos
	if features {
		endings = arrays
	}
	found, err := find(dir, endings, !features, nil)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.Errorf("%s has no clip in it: no file ends like %s", dir, like(endings))
	}
	return found, nil
}

// find lists the clips below a folder. Above are the folders that it is in.
func find(dir string, endings []string, frames bool, above []fs.FileInfo) ([]string, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	for _, a := range above {
		if os.SameFile(a, info) { // a link leads back
			return nil, nil
		}
	}
	all, err := entries(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	pictured := false
	for _, e := range all {
		path := filepath.Join(dir, e.Name())
		switch {
		case isDir(dir, e):
			below, err := find(path, endings, frames, append(slices.Clone(above), info))
			if err != nil {
				return nil, err
			}
			found = append(found, below...)
		case has(endings, e.Name()):
			found = append(found, path)
		case has(pictures, e.Name()):
			pictured = frames
		}
	}
	if len(found) == 0 && pictured {
		return []string{dir}, nil
	}
	return found, nil
}
