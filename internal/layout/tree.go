package layout

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// tree is how a set lies in its folder.
type tree struct {
	inner   string   // a folder that may be between that one and the rest
	folders int      // that a clip is in; the outermost is its class
	but     []string // folders that have no clips
	frames  bool     // a clip may be a folder of frames

	// name matches the names of clips without their endings. It finds the number of the
	// group, and the class where that is no folder. If it is loose, not all names need to
	// match, and then there are no groups.
	name  *regexp.Regexp
	loose bool
	like  string // a clip, for errors
}

var (
	folder = tree{folders: 1, frames: true, name: regexp.MustCompile(``), like: "CLASS/CLIP"}

	ucf11 = tree{
		inner: "UCF11_updated_mpg", folders: 2, but: []string{"Annotation"}, name: regexp.MustCompile(`_([0-9][^_]*)_[^_]*$`),
		like: "CLASS/v_NAME_GG/v_NAME_GG_CC, with the number of its group",
	}

	// At least two numbers, and a person, who does not begin with one.
	youTube = tree{
		inner: "ytcelebrity", name: regexp.MustCompile(`(?s)^\d+_(\d+)_(?:\d+_)*(?P<class>\d*[^\d_].*|_.*)$`),
		like: "NNNN_VV_SSS_first_last",
	}

	features = tree{folders: 1, name: regexp.MustCompile(`_(?:g(\d+)_c|(\d+)_)\d+$`), loose: true, like: "CLASS/CLIP"}
)

// Folder reads a folder with one folder per class and, in it, one video per clip, or one
// folder of numbered PNG or JPEG frames.
func Folder(root string) (*Listing, error) { return folder.list(root, videos) }

// UCF11 reads the set of Liu, Luo and Shah (2009) as it is unpacked:
//
//	UCF11_updated_mpg/basketball/v_shooting_01/v_shooting_01_01.mpg
//
// The class is the outer folder; the names within differ from it. The last two fields of
// a name are the group, one of 25 in every class, and the clip in it. root is the folder
// UCF11_updated_mpg or the one above it.
func UCF11(root string) (*Listing, error) { return ucf11.list(root, videos) }

// YouTube reads the YouTube Celebrities Face Tracking set of Kim et al. (2008):
//
//	ytcelebrity/0057_01_002_al_gore.avi
//
// The person follows the fields of digits alone, of which the second is the source video
// and the third the segment of it. root is the folder of the clips or the one above.
func YouTube(root string) (*Listing, error) { return youTube.list(root, videos) }

// Features reads a folder of arrays, one .npy file per clip, that were made of the videos
// of a set and lie where those did. With lists of splits it is a set as HMDB51 reads it;
// with clips in folders within those of the classes, as UCF11 does; without folders, as
// YouTube does. Otherwise it has a folder per class, and each clip has the group in its
// name if all names end as those of UCF11, _07_03, or of UCF101, _g07_c03.
func Features(root string) (*Listing, error) {
	if splitLists(root) != "" {
		return hmdb51(root, arrays)
	}
	root = youTube.below(ucf11.below(root))
	l, err := ucf11.read(root, arrays)
	switch {
	case err != nil:
		return nil, err
	case len(l.Clips) > 0:
		return l.finish()
	case len(l.Classes) > 0:
		return features.list(root, arrays)
	}
	return youTube.list(root, arrays)
}

// below returns the inner folder when there is one.
func (t tree) below(root string) string {
	if inner := filepath.Join(root, t.inner); t.inner != "" && isFolder(inner) {
		return inner
	}
	return root
}

func (t tree) list(root string, endings []string) (*Listing, error) {
	l, err := t.read(t.below(root), endings)
	switch {
	case err != nil:
		return nil, err
	case len(l.Clips) == 0:
		return nil, errors.Errorf("%s has no clips as in %s: no file there ends like %s", l.Root, t.like, like(endings))
	}
	return l.finish()
}

// read lists classes and clips in the order in which they are found.
func (t tree) read(root string, endings []string) (*Listing, error) {
	l := &Listing{Root: root}
	inside, err := entries(root)
	if err != nil {
		return nil, err
	}
	for depth := range t.folders {
		var next []entry
		for _, e := range inside {
			if !e.folder || slices.Contains(t.but, e.name) {
				continue
			}
			if depth == 0 {
				l.Classes = append(l.Classes, e.name)
			}
			below, err := entries(e.path)
			if err != nil {
				return nil, err
			}
			next = append(next, below...)
		}
		inside = next
	}
	groups, grouped := map[[2]string]string{}, true
	for _, e := range inside {
		isClip := has(endings, e.name)
		if e.folder && t.frames {
			frames, err := Frames(e.path)
			if err != nil {
				return nil, err
			}
			isClip = len(frames) > 0
		}
		if !isClip {
			continue
		}
		path, _ := filepath.Rel(root, e.path)
		path = filepath.ToSlash(path)
		class, _, _ := strings.Cut(path, "/")
		found := t.name.FindStringSubmatch(stem(e.name))
		if found == nil && !t.loose {
			return nil, errors.Errorf("%s is not named as in %s", e.path, t.like)
		}
		number := ""
		for k, name := range t.name.SubexpNames()[:len(found)] {
			switch {
			case name == "class":
				class = found[k]
			case k > 0:
				number += found[k]
			}
		}
		grouped = grouped && number != ""
		// 7 and 07 are one number: else clips of one recording would be in both parts of a
		// split where they are written differently.
		key := [2]string{class, strings.TrimLeft(number, "0")}
		if groups[key] == "" {
			groups[key] = class + " " + number
		}
		at := slices.Index(l.Classes, class)
		if at < 0 {
			at, l.Classes = len(l.Classes), append(l.Classes, class)
		}
		l.Clips = append(l.Clips, Clip{Path: path, Class: at, Group: groups[key]})
	}
	for k := range l.Clips {
		if !grouped {
			l.Clips[k].Group = ""
		}
	}
	return l, nil
}
