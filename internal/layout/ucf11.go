package layout

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// UCF11 reads the set of Liu, Luo and Shah (2009) as it is unpacked:
//
//	UCF11_updated_mpg/basketball/v_shooting_01/v_shooting_01_01.mpg
//
// The class is the outer folder; the names within differ from it. The last two fields of
// a name are the group, one of 25 in every class, and the clip in it. Folders called
// Annotation have no clips. root is the folder UCF11_updated_mpg or the one above it.
func UCF11(root string) (*Listing, error) { return ucf11(root, videos) }

func ucf11(root string, endings []string) (*Listing, error) {
	l, groupOf := &Listing{Root: below(root, "UCF11_updated_mpg")}, recordings{}
	classes, err := entries(l.Root)
	if err != nil {
		return nil, err
	}
	for _, class := range classes {
		if !isDir(l.Root, class) {
			l.Ignored++
			continue
		}
		l.Classes = append(l.Classes, class.Name())
		dir := filepath.Join(l.Root, class.Name())
		groups, err := entries(dir)
		if err != nil {
			return nil, err
		}
		for _, group := range groups {
			if group.Name() == "Annotation" || !isDir(dir, group) {
				l.Ignored++
				continue
			}
			files, err := entries(filepath.Join(dir, group.Name()))
			if err != nil {
				return nil, err
			}
			for _, f := range files {
				name := f.Name()
				if !has(endings, name) {
					l.Ignored++
					continue
				}
				fields := strings.Split(stem(name), "_")
				if len(fields) < 3 || digits(fields[len(fields)-2]) == 0 {
					return nil, errors.Errorf("%s: %s is not named like a clip of UCF11, v_NAME_GG_CC with the number of its group", filepath.Join(dir, group.Name()), name)
				}
				l.Clips = append(l.Clips, Clip{
					Path: path.Join(class.Name(), group.Name(), name), Class: len(l.Classes) - 1, Group: groupOf.name(class.Name(), fields[len(fields)-2]),
				})
			}
		}
	}
	return l.finish(endings)
}

// below returns the named folder in root when there is one, and else root.
func below(root, name string) string {
	all, err := entries(root)
	if err != nil {
		return root
	}
	for _, e := range all {
		if e.Name() == name && isDir(root, e) {
			return filepath.Join(root, name)
		}
	}
	return root
}
