package layout

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
	l := &Listing{Root: root, endings: endings}
	if _, err := entries(root); err != nil {
		return nil, err
	}
	lists := splitLists(root)
	if lists == "" {
		return nil, errors.Errorf("%s has no folder %s with the lists of its splits; unpack test_train_splits.rar there", root, hmdbFolders[0])
	}
	return l.finish(l.classes(func(dir string, inside []fs.DirEntry) error {
		first := len(l.Clips)
		for _, f := range inside {
			if has(endings, f.Name()) {
				l.add("", f.Name())
				l.Clips[len(l.Clips)-1].Official = make([]Part, hmdbSplits)
			}
		}
		for n := range hmdbSplits {
			file := filepath.Join(lists, fmt.Sprintf("%s_test_split%d.txt", filepath.Base(dir), n+1))
			if err := readSplit(file, n, l.Clips[first:]); err != nil {
				return err
			}
		}
		return nil
	}, hmdbFolders...))
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
func readSplit(file string, split int, clips []Clip) error {
	lines, err := readList(file)
	if err != nil {
		return err
	}
	named, like := map[string]bool{}, map[string][]int{} // clips by stem, those named aside
	for _, line := range lines {
		named[line.name] = true
	}
	at := map[string]int{}
	for k, c := range clips {
		name := names.Key(path.Base(c.Path))
		if at[name] = k; !named[name] {
			like[stem(name)] = append(like[stem(name)], k)
		}
	}
	said := map[int]Part{}
	for _, line := range lines {
		k, there := at[line.name]
		if others := like[stem(line.name)]; !there {
			switch len(others) {
			case 0:
				continue
			case 1:
				k = others[0]
			default:
				return errors.Errorf("%s, line %d: %s is not there, and may be %s or %s; remove one of them, or write its name", file, line.number, line.name, clips[others[0]].Path, clips[others[1]].Path)
			}
		}
		if part, twice := said[k]; twice && part != line.part {
			return errors.Errorf("%s, line %d: %s is in another part by a line above; a clip has one", file, line.number, clips[k].Path)
		}
		said[k], clips[k].Official[split] = line.part, line.part
	}
	return nil
}

// listLine is what a line of a list says of a clip.
type listLine struct {
	number int    // from 1
	name   string // its names.Key
	part   Part
}

func readList(file string) ([]listLine, error) {
	f, err := regular.Open(file)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, errors.Errorf("there is no list %s; every class has one for each split", file)
		}
		return nil, errors.WithMessage(err, file)
	}
	defer f.Close()
	parts := map[string]Part{"0": Unused, "1": Train, "2": Test}
	var list []listLine
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := lines.Text()
		if n == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // the byte order mark of editors on Windows
		}
		// Names have no spaces; lines may end in one.
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		part, known := parts[fields[len(fields)-1]]
		if len(fields) != 2 || !known {
			return nil, errors.Errorf("%s, line %d: %q; want a name and 0, 1 or 2", file, n, text)
		}
		list = append(list, listLine{n, names.Key(fields[0]), part})
	}
	return list, errors.Wrap(lines.Err(), file)
}
