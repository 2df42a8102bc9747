package layout

import (
	"path/filepath"
	"regexp"
)

// Features reads a folder of arrays, one .npy file per clip, that were made of the videos
// of a set and lie where those did:
//
//	walking/v_walk_dog_07/v_walk_dog_07_03.npy
//
// With lists of splits it is a set as HMDB51 reads it; with files and no folder, as
// YouTube does; with clips in folders within those of the classes, as UCF11 does.
// Otherwise it has a folder per class, and each clip has the group in its name if all
// names end as those of UCF11, _07_03, or of UCF101, _g07_c03.
func Features(root string) (*Listing, error) {
	if splitLists(root) != "" {
		return hmdb51(root, arrays)
	}
	inner := below(below(root, "UCF11_updated_mpg"), "ytcelebrity")
	files, folders, err := count(inner)
	if err != nil {
		return nil, err
	}
	if files > 0 && len(folders) == 0 {
		return youTube(root, arrays)
	}
	for _, class := range folders {
		_, within, err := count(filepath.Join(inner, class))
		if err != nil {
			return nil, err
		}
		for _, group := range within {
			if n, _, err := count(filepath.Join(inner, class, group)); n > 0 || err != nil {
				return ucf11(root, arrays)
			}
		}
	}
	l, err := folder(root, arrays)
	if err != nil {
		return nil, err
	}
	l.groupByName()
	return l, nil
}

// count returns the number of arrays in a folder, and its folders.
func count(dir string) (files int, folders []string, err error) {
	all, err := entries(dir)
	for _, e := range all {
		switch {
		case isDir(dir, e):
			folders = append(folders, e.Name())
		case has(arrays, e.Name()):
			files++
		}
	}
	return files, folders, err
}

// numbered is the end of names that have a group and a clip in it.
var numbered = regexp.MustCompile(`_(?:g(\d+)_c|(\d+)_)\d+$`)

// groupByName gives the clips the groups of their names, if all have one.
func (l *Listing) groupByName() {
	groups, groupOf := make([]string, len(l.Clips)), recordings{}
	for k, c := range l.Clips {
		found := numbered.FindStringSubmatch(stem(c.Path))
		if found == nil {
			return
		}
		groups[k] = groupOf.name(l.Classes[c.Class], found[1]+found[2])
	}
	for k, g := range groups {
		l.Clips[k].Group = g
	}
}
