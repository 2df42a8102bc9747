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
}

// finish sorts the classes and the clips, and makes sure that every class has one. Classes
// are sorted as they are compared: a copy of the set where é is spelt otherwise has the
// same classes with the same numbers.
func (l *Listing) finish() (*Listing, error) {
	if err := names.CheckAll("classes", l.Classes); err != nil {
		return nil, errors.WithMessage(err, l.Root)
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

// The endings of files that are taken for videos, for arrays of features, and for frames.
var (
	videos   = []string{".mpg", ".mpeg", ".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".wmv", ".flv", ".3gp", ".ogv", ".ts", ".gif"}
	arrays   = []string{".npy"}
	pictures = []string{".png", ".jpg", ".jpeg"}
)

func has(endings []string, name string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// like says how the names of clips end.
func like(endings []string) string {
	if endings[0] == arrays[0] {
		return "an array of numpy, in .npy"
	}
	return "a video, as in .mp4 or .avi"
}

// entry is what a folder has in it. Links are followed, which large sets are often made of.
type entry struct {
	name, path string
	folder     bool
}

// leftovers are folders of file systems, network storage and archivers. The names of
// others often begin with @ or $.
var leftovers = []string{"__MACOSX", "lost+found", "System Volume Information", "#recycle", "#snapshot"}

// entries lists a folder, sorted by name, without what is there for other programs.
func entries(dir string) (shown []entry, err error) {
	all, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, errors.Errorf("there is no folder %s", dir)
	}
	for _, e := range all {
		name, path := e.Name(), filepath.Join(dir, e.Name())
		folder := e.IsDir() || e.Type()&fs.ModeSymlink != 0 && isFolder(path)
		if name[0] != '.' && !(folder && (strings.Contains("@$", name[:1]) || slices.Contains(leftovers, name))) {
			shown = append(shown, entry{name, path, folder})
		}
	}
	return shown, err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Find lists the clips in a folder and the folders below it, in order: files with the
// extension of a video, and folders of PNG or JPEG frames with no such file in or below
// them; or, for features, .npy files. Links are followed. It returns an error when there
// are none.
func Find(dir string, features bool) ([]string, error) {
	endings := videos
	if features {
		endings = arrays
	}
	found, err := find(dir, endings, nil)
	if err == nil && len(found) == 0 {
		err = errors.Errorf("%s has no clip in it: no file ends like %s", dir, like(endings))
	}
	return found, err
}

// find lists the clips below a folder. Above are the folders that it is in.
func find(dir string, endings []string, above []fs.FileInfo) (found []string, err error) {
	info, err := os.Stat(dir)
	if err != nil || slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) { // a link leads back
		return nil, err
	}
	all, err := entries(dir)
	pictured := false
	for _, e := range all {
		var below []string
		switch {
		case e.folder && err == nil:
			below, err = find(e.path, endings, append(slices.Clone(above), info))
		case has(endings, e.name):
			below = []string{e.path}
		case has(pictures, e.name):
			pictured = endings[0] == videos[0]
		}
		found = append(found, below...)
	}
	if len(found) == 0 && pictured {
		found = []string{dir}
	}
	return found, err
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
		if has(pictures, e.name) && !e.folder {
			frames = append(frames, e.name)
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
