package layout

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

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
// A list of a split has a name and 1 (training), 2 (test) or 0 (neither) a line;
// clips that it doesn't name, whatever their ending, are for neither. The lists may also be in
// test_train_splits, or in a folder within it.
func HMDB51(root string) (*Listing, error) { return hmdb51(root, videos) }

func hmdb51(root string, endings []string) (*Listing, error) {
	l := &Listing{Root: root}
	all, err := entries(root)
	if err != nil {
		return nil, err
	}
	lists := splitLists(root)
	if lists == "" {
		return nil, errors.Errorf("%s has no folder %s with the lists of its splits; unpack test_train_splits.rar there", root, hmdbFolders[0])
	}
	for _, class := range all {
		if !isDir(root, class) || class.Name() == hmdbFolders[0] || class.Name() == hmdbFolders[1] {
			continue
		}
		l.Classes = append(l.Classes, class.Name())
		dir := filepath.Join(root, class.Name())
		files, err := entries(dir)
		if err != nil {
			return nil, err
		}
		at := map[string]int{} // in Clips, by their name without its ending
		for _, f := range files {
			if !has(endings, f.Name()) {
				l.Ignored++
				continue
			}
			at[listed(f.Name())] = len(l.Clips)
			l.Clips = append(l.Clips, Clip{Path: path.Join(class.Name(), f.Name()), Class: len(l.Classes) - 1, Official: make([]Part, hmdbSplits)})
		}
		for split := range hmdbSplits {
			file := filepath.Join(lists, class.Name()+"_test_split"+string(rune('1'+split))+".txt")
			if err := l.readSplit(file, split, at); err != nil {
				return nil, err
			}
		}
	}
	return l.finish(endings)
}

// splitLists returns the folder of the lists below root, "" for none.
func splitLists(root string) (lists string) {
	for _, name := range hmdbFolders {
		for _, dir := range []string{filepath.Join(root, name), filepath.Join(root, name, hmdbFolders[0])} {
			if found, err := filepath.Glob(filepath.Join(quoteMeta(dir), "*_test_split[123].txt")); err == nil && len(found) > 0 {
				lists = dir
			}
		}
	}
	return lists
}

// listed is what a list knows a clip by, whatever the video was made into.
func listed(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// readSplit reads the list of a class. A clip that is listed and not there is no
// error: many copies lack some.
func (l *Listing) readSplit(file string, split int, at map[string]int) error {
	f, err := regular.Open(file)
	if err != nil {
		if os.IsNotExist(err) {
			return errors.Errorf("there is no list %s; every class has one for each split", file)
		}
		return errors.WithMessage(err, file)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		// Names have no spaces; lines may end in one.
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		parts := map[string]Part{"0": Unused, "1": Train, "2": Test}
		part, known := parts[fields[len(fields)-1]]
		if len(fields) != 2 || !known {
			return errors.Errorf("%s, line %d: %q; want a name and 0, 1 or 2", file, n, lines.Text())
		}
		if k, there := at[listed(fields[0])]; there {
			l.Clips[k].Official[split] = part
		}
	}
	return errors.Wrap(lines.Err(), file)
}

// quoteMeta makes a pattern that only dir itself matches.
func quoteMeta(dir string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(dir)
}
