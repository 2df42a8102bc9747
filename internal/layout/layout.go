// Package layout finds the clips of sets on disk, videos or features of them, as the
// authors of the sets lay them out in folders: which file shows what, which clips
// belong together, and how a set is cut into a training and a test part. Nothing is
// opened but lists of splits.
//
// A layout function reads a folder and returns a [Listing]; [Listing.Cut] cuts it.
package layout

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
)

// Clip is one clip of a set.
type Clip struct {
	Path  string // below the root of the set, with slashes: a file, or a folder of frames
	Class int    // index in Listing.Classes
	// Group names the recording that the clip was cut from; clips of one group look
	// alike. Where files number the recordings, 7 and 07 are one of them, called as in
	// the first file that has it. It is "" if the layout does not say.
	Group string
	// Official is the part that the set's authors gave the clip in each of their
	// splits; nil where they made none.
	Official []Part
}

// Part is where a split puts a clip.
type Part int

// The parts of a split.
const (
	Unused Part = iota
	Train
	Test
)

// Listing is a set in a folder.
type Listing struct {
	Root    string
	Classes []string // sorted
	Clips   []Clip   // sorted by path

	endings []string // of the files that are clips
}

// videos are the endings of files that are taken for clips.
var videos = []string{".mpg", ".mpeg", ".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".wmv", ".flv", ".3gp", ".ogv", ".ts", ".gif"}

// arrays are those of features.
var arrays = []string{".npy"}

// pictures are the endings of frames.
var pictures = []string{".png", ".jpg", ".jpeg"}

func has(endings []string, name string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// notOurs reports whether an entry of a folder is there for other programs: hidden files,
// and folders of file systems, network storage and archivers, whose names often begin
// with @ or $.
func notOurs(dir string, e fs.DirEntry) bool {
	name := e.Name()
	switch name {
	case "Thumbs.db":
		return true
	case "__MACOSX", "lost+found", "System Volume Information", "#recycle", "#snapshot":
		return isDir(dir, e)
	}
	return name[0] == '.' || (name[0] == '@' || name[0] == '$') && isDir(dir, e)
}

// entries lists what a folder shows, sorted by name.
func entries(dir string) ([]fs.DirEntry, error) {
	info, err := os.Stat(dir)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, errors.Errorf("there is no folder %s", dir)
		}
		return nil, err
	}
	if !info.IsDir() {
		return nil, errors.Errorf("%s is no folder", dir)
	}
	all, err := os.ReadDir(dir)
	return slices.DeleteFunc(all, func(e fs.DirEntry) bool { return notOurs(dir, e) }), err
}

// isDir follows links, which large sets are often made of.
func isDir(dir string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// like says how the names of clips end.
func like(endings []string) string {
	if endings[0] == arrays[0] {
		return "an array of numpy, in .npy"
	}
	return "a video, as in .mp4 or .avi"
}

// folders calls visit with each folder in dir, but those of some names, and what is in it.
func folders(dir string, visit func(dir string, inside []fs.DirEntry) error, but ...string) error {
	all, err := entries(dir)
	for _, e := range all {
		if !isDir(dir, e) || slices.Contains(but, e.Name()) {
			continue
		}
		within := filepath.Join(dir, e.Name())
		inside, err := entries(within)
		if err == nil {
			err = visit(within, inside)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// classes is folders of the root, each of which adds a class.
func (l *Listing) classes(visit func(dir string, inside []fs.DirEntry) error, but ...string) error {
	return folders(l.Root, func(dir string, inside []fs.DirEntry) error {
		l.Classes = append(l.Classes, filepath.Base(dir))
		return visit(dir, inside)
	}, but...)
}

// add adds a clip of the last class, in its folder.
func (l *Listing) add(group string, within ...string) {
	at := len(l.Classes) - 1
	l.Clips = append(l.Clips, Clip{Path: path.Join(l.Classes[at], path.Join(within...)), Class: at, Group: group})
}

// finish sorts the classes and the clips, unless there was an error, and makes sure that
// every class has one. Classes are sorted as they are compared: a copy of the set where é
// is spelt otherwise has the same classes with the same numbers.
func (l *Listing) finish(err error) (*Listing, error) {
	if err != nil {
		return nil, err
	}
	switch i, earlier, err := names.CheckAll(l.Classes); {
	case err != nil:
		return nil, errors.Errorf("%s: a class has no name to keep: %v; rename it", l.Root, err)
	case earlier < i:
		return nil, errors.Errorf("%s: the classes %+q and %+q are one name, spelt in two ways; put their clips together", l.Root, l.Classes[earlier], l.Classes[i])
	case len(l.Classes) == 0:
		return nil, errors.Errorf("%s has no folders, and a class is a folder of clips; those that begin with ., @ or $ are passed over", l.Root)
	case len(l.Clips) == 0:
		return nil, errors.Errorf("%s has %d folders and no clip in them: no file ends like %s", l.Root, len(l.Classes), like(l.endings))
	}
	byKey := func(a, b string) int { return cmp.Compare(names.Key(a), names.Key(b)) }
	sorted := slices.Clone(l.Classes)
	slices.SortStableFunc(sorted, byKey)
	count := make([]int, len(sorted))
	for k := range l.Clips {
		c := &l.Clips[k]
		c.Class, _ = slices.BinarySearchFunc(sorted, l.Classes[c.Class], byKey)
		count[c.Class]++
	}
	l.Classes = sorted
	slices.SortFunc(l.Clips, func(a, b Clip) int { return cmp.Or(byKey(a.Path, b.Path), strings.Compare(a.Path, b.Path)) })
	if at := slices.Index(count, 0); at >= 0 {
		return nil, errors.Errorf("%s: class %s has no clip; remove the folder if it is none", l.Root, l.Classes[at])
	}
	return l, nil
}

// Folder reads a folder with one folder per class and, in it, one video per clip, or one
// folder of numbered PNG or JPEG frames.
func Folder(root string) (*Listing, error) { return folder(root, videos) }

// folder lists files of such endings. Folders of frames are clips among videos.
func folder(root string, endings []string) (*Listing, error) {
	l := &Listing{Root: root, endings: endings}
	return l.finish(l.classes(func(dir string, inside []fs.DirEntry) error {
		for _, f := range inside {
			isClip := has(endings, f.Name())
			if isDir(dir, f) && endings[0] != arrays[0] {
				frames, err := Frames(filepath.Join(dir, f.Name()))
				if isClip = len(frames) > 0; err != nil {
					return err
				}
			}
			if isClip {
				l.add("", f.Name())
			}
		}
		return nil
	}))
}

// Frames lists the frames in a folder in the order of their numbers: frame2.png is
// before frame10.png.
func Frames(dir string) ([]string, error) {
	all, err := entries(dir)
	if err != nil {
		return nil, err
	}
	var frames []string
	for _, e := range all {
		if has(pictures, e.Name()) && !isDir(dir, e) {
			frames = append(frames, e.Name())
		}
	}
	slices.SortStableFunc(frames, natural)
	return frames, nil
}

var digits = regexp.MustCompile(`[0-9]+`)

// natural compares names, runs of digits by the number that they are.
func natural(a, b string) int {
	key := func(name string) string {
		return digits.ReplaceAllStringFunc(name, func(run string) string {
			run = strings.TrimLeft(run, "0")
			return "0" + string(rune(len(run))) + run // the longer, the larger
		})
	}
	return strings.Compare(key(a), key(b))
}
