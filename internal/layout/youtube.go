package layout

import (
	"path/filepath"
	"regexp"
	"slices"

	"github.com/pkg/errors"
)

// YouTube reads the YouTube Celebrities Face Tracking set of Kim et al. (2008):
//
//	ytcelebrity/0057_01_002_al_gore.avi
//
// The person follows the fields of digits alone, of which the second is the source video
// and the third the segment of it. root is the folder of the clips or the one above, with
// ytcelebrity in it.
func YouTube(root string) (*Listing, error) { return youTube(root, videos) }

// named is a name: at least two numbers, and a person, who does not begin with one.
var named = regexp.MustCompile(`(?s)^\d+_(\d+)_(?:\d+_)*(\d*[^\d_].*|_.*)$`)

func youTube(root string, endings []string) (*Listing, error) {
	l, groupOf := &Listing{Root: below(root, "ytcelebrity"), endings: endings}, recordings{}
	files, err := entries(l.Root)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name := f.Name()
		if isDir(l.Root, f) || !has(endings, name) {
			continue
		}
		found := named.FindStringSubmatch(stem(name))
		if found == nil {
			return nil, errors.Errorf("%s is not named like a clip of YouTube Celebrities, NNNN_VV_SSS_first_last%s", filepath.Join(l.Root, name), filepath.Ext(name))
		}
		person := slices.Index(l.Classes, found[2])
		if person < 0 {
			person = len(l.Classes)
			l.Classes = append(l.Classes, found[2])
		}
		l.Clips = append(l.Clips, Clip{Path: name, Class: person, Group: groupOf.name(found[2], found[1])})
	}
	if len(l.Clips) == 0 {
		return nil, errors.Errorf("%s has no clips such as 0057_01_002_al_gore.avi", l.Root)
	}
	return l.finish(nil)
}
