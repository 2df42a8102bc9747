package layout

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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

// ofGroup is the end of a name: the number of a group, and the clip in it.
var ofGroup = regexp.MustCompile(`_([0-9][^_]*)_[^_]*$`)

func ucf11(root string, endings []string) (*Listing, error) {
	l, groupOf := &Listing{Root: below(root, "UCF11_updated_mpg"), endings: endings}, recordings{}
	return l.finish(l.classes(func(class string, _ []fs.DirEntry) error {
		return folders(class, func(group string, files []fs.DirEntry) error {
			for _, f := range files {
				if !has(endings, f.Name()) {
					continue
				}
				found := ofGroup.FindStringSubmatch(stem(f.Name()))
				if found == nil {
					return errors.Errorf("%s: %s is not named like a clip of UCF11, v_NAME_GG_CC with the number of its group", group, f.Name())
				}
				l.add(groupOf.name(filepath.Base(class), found[1]), filepath.Base(group), f.Name())
			}
			return nil
		}, "Annotation")
	}))
}

// below returns the named folder in root when there is one, and else root.
func below(root, name string) string {
	if info, err := os.Stat(filepath.Join(root, name)); err == nil && info.IsDir() {
		return filepath.Join(root, name)
	}
	return root
}

// recordings are the names of groups, by what they show and their number.
type recordings map[[2]string]string

// name returns the name of the group of a file that shows what its class or person is
// called, and has such a number. 7 and 07 are one number: else clips of one recording
// would be in both parts of a split where they are written differently.
func (r recordings) name(of, number string) string {
	key := [2]string{of, strings.TrimLeft(number, "0")}
	if r[key] == "" {
		r[key] = of + " " + number
	}
	return r[key]
}
