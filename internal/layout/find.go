package layout

import (
	"path/filepath"

	"github.com/pkg/errors"
)

// Find lists the clips in a folder and the folders below it, in order: files that
// end like a video, and folders of numbered PNG or JPEG frames. It returns an error
// when there are none.
func Find(dir string) ([]string, error) {
	var found []string
	if err := find(dir, &found); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.Errorf("%s has no clip in it: no file ends like a video, as in .mp4 or .avi", dir)
	}
	return found, nil
}

func find(dir string, found *[]string) error {
	frames, err := framesIn(dir)
	if err != nil {
		return err
	}
	if frames {
		*found = append(*found, dir)
		return nil
	}
	all, err := entries(dir)
	if err != nil {
		return err
	}
	for _, e := range all {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() { // not a link to one: it could lead back
			if err := find(path, found); err != nil {
				return err
			}
		} else if has(videos, e.Name()) {
			*found = append(*found, path)
		}
	}
	return nil
}
