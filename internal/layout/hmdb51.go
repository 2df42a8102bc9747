package layout

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/internal/regular"
)

// hmdbSplits is the number of splits that the authors of HMDB51 made.
const hmdbSplits = 3

// hmdbFolders are the names that the folder with the splits goes by.
var hmdbFolders = []string{"testTrainMulti_7030_splits", "test_train_splits"}

// HMDB51 reads the set of Kuehne et al. (2011) as it is unpacked, with its three
// splits:
//
//	brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi
//	testTrainMulti_7030_splits/brush_hair_test_split1.txt
//
// A list of a split has a name and 1 (training), 2 (test) or 0 (neither) per line; clips
// that it doesn't name are in neither part. A name means the file of that very name or,
// failing that, the one that differs in its extension: videos are converted, and features
// made of them. The lists may also be in test_train_splits, or in a folder within it.
func HMDB51(root string) (*Listing, error) { return hmdb51(root, videos) }

func hmdb51(root string, endings []string) (*Listing, error) {
	if _, err := entries(root); err != nil {
		return nil, err
	}
	lists := splitLists(root)
	if lists == "" {
		return nil, errors.Errorf("%s has no folder %s with the lists of its splits; unpack test_train_splits.rar there", root, hmdbFolders[0])
	}
	t := folder
	t.frames, t.but = false, hmdbFolders
	l, err := t.list(root, endings)
	if err != nil {
		return nil, err
	}
	for k := range l.Clips {
		l.Clips[k].Official = make([]Part, hmdbSplits)
	}
	for class, name := range l.Classes {
		clips := map[string][]*Clip{} // by stem
		for k := range l.Clips {
			if c := &l.Clips[k]; c.Class == class {
				clips[stem(path.Base(c.Path))] = append(clips[stem(path.Base(c.Path))], c)
			}
		}
		for n := range hmdbSplits {
			if err := readSplit(filepath.Join(lists, fmt.Sprintf("%s_test_split%d.txt", name, n+1)), n, clips); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

// splitLists returns the folder of the lists below root, "" for none.
func splitLists(root string) (lists string) {
	for _, name := range hmdbFolders {
		for _, dir := range []string{filepath.Join(root, name), filepath.Join(root, name, hmdbFolders[0])} {
			if found, err := fs.Glob(os.DirFS(dir), "*_test_split[123].txt"); err == nil && len(found) > 0 {
				lists = dir
			}
		}
	}
	return lists
}

// stem is what a list knows a clip by, whatever the video was made into.
func stem(name string) string { return names.Key(strings.TrimSuffix(name, path.Ext(name))) }

// readSplit reads the list of a class, which has such clips. A clip that is listed and
// not there is not an error: many copies lack some.
func readSplit(file string, split int, clips map[string][]*Clip) error {
	f, err := regular.Open(file)
	if err != nil {
		return errors.WithMessage(err, "every class has a list for each split")
	}
	defer f.Close()
	parts, listed := map[string]Part{"0": Unused, "1": Train, "2": Test}, map[*Clip]bool{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		// Editors on Windows mark the order of bytes. Names have no spaces; lines may end in one.
		fields := strings.Fields(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if len(fields) == 0 {
			continue
		}
		part, known := parts[fields[len(fields)-1]]
		if len(fields) != 2 || !known {
			return errors.Errorf("%s, line %d: %q; want a name and 0, 1 or 2", file, n, lines.Text())
		}
		meant := clips[stem(fields[0])]
		named := func(c *Clip) bool { return names.Key(path.Base(c.Path)) == names.Key(fields[0]) }
		if k := slices.IndexFunc(meant, named); k >= 0 {
			meant = meant[k : k+1]
		}
		switch {
		case len(meant) > 1:
			return errors.Errorf("%s, line %d: %s is not there, and may be %s or %s; remove one of them, or write its name", file, n, fields[0], meant[0].Path, meant[1].Path)
		case len(meant) == 1 && listed[meant[0]] && meant[0].Official[split] != part:
			return errors.Errorf("%s, line %d: %s is in another part by a line above; a clip has one", file, n, meant[0].Path)
		case len(meant) == 1:
			listed[meant[0]], meant[0].Official[split] = true, part
		}
	}
	return errors.Wrap(lines.Err(), file)
}
