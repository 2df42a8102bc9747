package layout

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHMDB51(t *testing.T) {
	root := t.TempDir()
	lists := "test_train_splits/testTrainMulti_7030_splits/"
	names := []string{"50_FIRST_DATES_kick_f_cm_np1_ba_med_24.avi", "(HQ)_Rich_&_Poor_kick_f_cm_np1_le_med_0.avi", "Don't_run!_kick_u_cm_np1_fr_med_1.avi", "unlisted.avi"}
	for _, class := range []string{"kick", "kick_ball"} {
		for _, name := range names {
			plant(t, root, class+"/"+name)
		}
		for split := 1; split <= 3; split++ {
			file := filepath.Join(root, lists, fmt.Sprintf("%s_test_split%d.txt", class, split))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
			text := fmt.Sprintf("%s 1 \n%s %d \n\n%s 0\nnot_there.avi 1\n", names[0], names[1], 1+split%2, names[2])
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		}
	}
	l, err := HMDB51(root)
	require.NoError(t, err)
	require.Equal(t, []string{"kick", "kick_ball"}, l.Classes)
	require.Len(t, l.Clips, 8)
	require.Equal(t, []string{"official:1", "official:2", "official:3", "random"}, l.Splits())
	paths := func(clips []int) (all []string) {
		for _, k := range clips {
			all = append(all, l.Clips[k].Path)
		}
		return all
	}
	train, test, err := l.Cut("")
	require.NoError(t, err)
	require.Equal(t, []string{"kick/" + names[0], "kick_ball/" + names[0]}, paths(train))
	require.Equal(t, []string{"kick/" + names[1], "kick_ball/" + names[1]}, paths(test))
	_, _, err = l.Cut("official:2")
	require.EqualError(t, err, `split "official:2" has 4 training and 0 test clips`)
	for split, want := range map[string]string{
		"official:4": "want official:1 to official:3", "official:x": "want official:1 to official:3", "group": `there is no split "group"; want official:1, official:2, official:3, random`,
		"random:0/5": "want random, or one of several such as random:2/5", "random:2": "want random", "random:1/1": "want random",
	} {
		_, _, err := l.Cut(split)
		require.ErrorContains(t, err, want)
	}

	bad := filepath.Join(root, lists, "kick_test_split2.txt")
	require.NoError(t, os.WriteFile(bad, []byte("a.avi 1\nb.avi 3\n"), 0o600))
	_, err = HMDB51(root)
	require.EqualError(t, err, bad+`, line 2: "b.avi 3"; want a name and 0, 1 or 2`)
	require.NoError(t, os.Remove(bad))
	_, err = HMDB51(root)
	require.ErrorContains(t, err, bad)
	require.NoError(t, os.RemoveAll(filepath.Join(root, "test_train_splits")))
	_, err = HMDB51(root)
	require.ErrorContains(t, err, "has no folder testTrainMulti_7030_splits with the lists of its splits")
}

// A name in a list means the file of that name, else the one that differs in its ending.
func TestHMDB51Lists(t *testing.T) {
	for name, c := range map[string]struct {
		files, list string
		want        string // trained on, then tested; or the error
	}{
		"mark of byte order":        {"a.avi b.avi", "\ufeffa.avi 1\r\nb.avi 2\r\n", "a.avi | b.avi"},
		"exact name, twin before":   {"a.avi a.mp4 b.avi", "a.mp4 1\nb.avi 2\n", "a.mp4 | b.avi"},
		"exact name, twin behind":   {"a.avi a.mp4 b.avi", "a.avi 1\nb.avi 2\n", "a.avi | b.avi"},
		"both named":                {"a.avi a.mp4", "a.avi 1\na.mp4 2\n", "a.avi | a.mp4"},
		"converted":                 {"a.mp4 b.mkv", "a.avi 1\nb.avi 2\n", "a.mp4 | b.mkv"},
		"converted, named twin":     {"a.mp4 a.mkv", "a.avi 1\na.mkv 2\n", "LIST, line 1: a.avi is not there, and may be kick/a.mkv or kick/a.mp4; remove one of them, or write its name"},
		"dots in a name":            {"a.1.mp4 a.2.mp4", "a.1.avi 1\na.2.avi 2\n", "a.1.mp4 | a.2.mp4"},
		"one of two":                {"a.mkv a.mp4 b.avi", "b.avi 2\na.avi 1\n", "LIST, line 2: a.avi is not there, and may be kick/a.mkv or kick/a.mp4; remove one of them, or write its name"},
		"two parts":                 {"a.avi b.avi", "a.avi 1\nb.avi 2\na.avi 2\n", "LIST, line 3: kick/a.avi is in another part by a line above; a clip has one"},
		"two parts by their ending": {"a.mp4 b.avi", "a.avi 1\nb.avi 2\na.mkv 2\n", "LIST, line 3: kick/a.mp4 is in another part by a line above; a clip has one"},
		"said twice":                {"a.avi b.avi", "a.avi 1\nb.avi 2\na.avi 1\n", "a.avi | b.avi"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, f := range strings.Fields(c.files) {
				plant(t, root, "kick/"+f)
			}
			for split := 1; split <= 3; split++ {
				plant(t, root, fmt.Sprintf("test_train_splits/kick_test_split%d.txt", split))
			}
			list := filepath.Join(root, "test_train_splits", "kick_test_split1.txt")
			require.NoError(t, os.WriteFile(list, []byte(c.list), 0o600))
			l, err := HMDB51(root)
			if want, is := strings.CutPrefix(c.want, "LIST"); is {
				require.EqualError(t, err, list+want)
				return
			}
			require.NoError(t, err)
			train, test, err := l.Cut("official:1")
			require.NoError(t, err)
			var got []string
			for _, k := range train {
				got = append(got, filepath.Base(l.Clips[k].Path))
			}
			got = append(got, "|")
			for _, k := range test {
				got = append(got, filepath.Base(l.Clips[k].Path))
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}
