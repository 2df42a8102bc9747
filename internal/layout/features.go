package layout

import (
	"io/fs"
	"regexp"
	"slices"
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
	top, err := entries(inner)
	flat, nested := holds(inner, top), false
	if err == nil {
		err = folders(inner, func(class string, _ []fs.DirEntry) error {
			flat = false
			return folders(class, func(group string, inside []fs.DirEntry) error {
				nested = nested || holds(group, inside)
				return nil
			})
		})
	}
	switch {
	case err != nil:
		return nil, err
	case flat:
		return youTube(root, arrays)
	case nested:
		return ucf11(root, arrays)
	}
	l, err := folder(root, arrays)
	if err != nil {
		return nil, err
	}
	l.groupByName()
	return l, nil
}

// holds reports whether an entry of a folder is an array.
func holds(dir string, inside []fs.DirEntry) bool {
	return slices.ContainsFunc(inside, func(e fs.DirEntry) bool { return has(arrays, e.Name()) && !isDir(dir, e) })
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
