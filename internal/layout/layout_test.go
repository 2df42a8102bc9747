package layout

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// plant makes empty files.
func plant(t testing.TB, root string, paths ...string) {
	for _, p := range paths {
		p = filepath.Join(root, filepath.FromSlash(p))
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o777))
		require.NoError(t, os.WriteFile(p, nil, 0o600))
	}
}

// plantUCF11 plants the 1,600 clips of UCF11 as they are unpacked, from a table of
// their numbers.
func plantUCF11(t testing.TB, root string) (classes []string) {
	file, err := os.Open("testdata/ucf11.txt")
	require.NoError(t, err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == "#" {
			continue
		}
		classes = append(classes, fields[0])
		dir := "UCF11_updated_mpg/" + fields[0] + "/"
		for g, text := range fields[2:] {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			for c := range n {
				plant(t, root, fmt.Sprintf("%s%s_%02d/%s_%02d_%02d.mpg", dir, fields[1], g+1, fields[1], g+1, c+1))
			}
		}
		plant(t, root, dir+"Annotation/"+fields[1]+"_01_01.xgtf", dir+"Annotation/"+fields[1]+"_01_01.mpg", dir+".DS_Store")
	}
	return classes
}

func TestUCF11(t *testing.T) {
	root := t.TempDir()
	classes := plantUCF11(t, root)
	for _, dir := range []string{root, filepath.Join(root, "UCF11_updated_mpg")} {
		l, err := UCF11(dir)
		require.NoError(t, err)
		require.Equal(t, classes, l.Classes)
		require.Len(t, l.Clips, 1600)
		count, groups := map[string]int{}, map[string]bool{}
		for _, c := range l.Clips {
			require.True(t, strings.HasPrefix(c.Path, l.Classes[c.Class]+"/"), c.Path)
			count[l.Classes[c.Class]]++
			groups[c.Group] = true
		}
		require.Len(t, groups, 11*25)
		require.Equal(t, map[string]int{
			"basketball": 141, "biking": 145, "diving": 156, "golf_swing": 142, "horse_riding": 198, "soccer_juggling": 156,
			"swing": 137, "tennis_swing": 167, "trampoline_jumping": 119, "volleyball_spiking": 116, "walking": 123,
		}, count)
		at := slices.IndexFunc(l.Clips, func(c Clip) bool { return c.Path == "walking/v_walk_dog_07/v_walk_dog_07_03.mpg" })
		require.Equal(t, Clip{Path: "walking/v_walk_dog_07/v_walk_dog_07_03.mpg", Class: 10, Group: "walking 07"}, l.Clips[at])
		require.Equal(t, []string{"group", "random"}, l.Splits())

		// Five groups of each class are tested, and none is in both parts.
		train, test, err := l.Cut("")
		require.NoError(t, err)
		require.Len(t, distinct(l, test), 11*5)
		require.Len(t, distinct(l, train), 11*20)
		require.Equal(t, 1600, len(train)+len(test))
		// A random split leaks groups, as in the papers.
		train, test, err = l.Cut("random")
		require.NoError(t, err)
		require.InDelta(t, 320, len(test), 11)
		require.Greater(t, len(distinct(l, train))+len(distinct(l, test)), 11*25)
	}
	plant(t, root, "UCF11_updated_mpg/swing/v_swing_01/odd.mpg")
	_, err := UCF11(root)
	require.ErrorContains(t, err, "odd.mpg is not named as in CLASS/v_NAME_GG/v_NAME_GG_CC")
}

// distinct returns the groups of some clips.
func distinct(l *Listing, clips []int) map[string]bool {
	groups := map[string]bool{}
	for _, k := range clips {
		groups[l.Clips[k].Group] = true
	}
	return groups
}

// The number of a group is a number, however it is written.
func TestGroupNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		read func(root string) (*Listing, error)
		a, b string // what comes before and behind the number
	}{
		"ucf11":    {UCF11, "walk/v_walk_1/v_walk_", "_01.mpg"},
		"youtube":  {YouTube, "0001_", "_001_al_gore.avi"},
		"features": {Features, "walk/v_walk_g", "_c01.npy"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, number := range []string{"01", "1", "001", "10", "00", "0"} {
				plant(t, root, c.a+number+c.b)
			}
			l, err := c.read(root)
			require.NoError(t, err)
			groups := map[string]int{}
			for _, clip := range l.Clips {
				groups[clip.Group[strings.LastIndex(clip.Group, " ")+1:]]++
			}
			require.Equal(t, map[string]int{"00": 2, "001": 3, "10": 1}, groups)
		})
	}
}

// What other programs leave in folders is not a class, clip or frame; files that begin
// with @ or $ are the user's own.
func TestPassedOver(t *testing.T) {
	root := t.TempDir()
	plant(t, root, "up/a.mp4", "up/@b.mp4", "up/$c.mp4", "up/frames/1.png", "down/d.mp4")
	want, err := Folder(root)
	require.NoError(t, err)
	require.Len(t, want.Clips, 5)
	found, err := Find(root, false)
	require.NoError(t, err)
	for _, dir := range []string{"@eaDir", "@Recycle", "$RECYCLE.BIN", "lost+found", "System Volume Information", "#recycle", "#snapshot", ".Trash-1000", ".@__thumb", "__MACOSX"} {
		plant(t, root, dir+"/x.mp4", "up/"+dir+"/1.jpg", "up/frames/"+dir+"/1.png")
	}
	plant(t, root, "up/.e.mp4", "up/frames/._1.png")
	got, err := Folder(root)
	require.NoError(t, err)
	require.Equal(t, want, got)
	again, err := Find(root, false)
	require.NoError(t, err)
	require.Equal(t, found, again)
	frames, err := Frames(filepath.Join(root, "up", "frames"))
	require.NoError(t, err)
	require.Equal(t, []string{"1.png"}, frames)
}

func TestYouTube(t *testing.T) {
	root := t.TempDir()
	plant(t, root, "ytcelebrity/0057_01_002_al_gore.avi", "ytcelebrity/0057_02_001_al_gore.avi", "ytcelebrity/0193_01_004_alanis_morissette.avi",
		"ytcelebrity/0193_02_004_alanis_morissette.avi", "ytcelebrity/info.txt")
	l, err := YouTube(root)
	require.NoError(t, err)
	require.Equal(t, []string{"al_gore", "alanis_morissette"}, l.Classes)
	require.Equal(t, Clip{Path: "0057_02_001_al_gore.avi", Class: 0, Group: "al_gore 02"}, l.Clips[1])
	plant(t, root, "ytcelebrity/gore.avi")
	_, err = YouTube(root)
	require.ErrorContains(t, err, "gore.avi is not named as in NNNN_VV_SSS_first_last")
	_, err = YouTube(t.TempDir())
	require.ErrorContains(t, err, "has no clips as in NNNN_VV_SSS_first_last: no file there ends like a video")
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	plant(t, root, "up/a b.mp4", "up/frames/1.png", "up/frames/10.PNG", "up/frames/2.jpeg", "up/frames/notes.txt", "up/empty dir/notes.txt",
		"down/x.AVI", "down/list.csv", ".git/config", "README.md")
	l, err := Folder(root)
	require.NoError(t, err)
	require.Equal(t, []string{"down", "up"}, l.Classes)
	require.Equal(t, []Clip{{Path: "down/x.AVI"}, {Path: "up/a b.mp4", Class: 1}, {Path: "up/frames", Class: 1}}, l.Clips)
	require.Equal(t, []string{"random"}, l.Splits())
	frames, err := Frames(filepath.Join(root, "up/frames"))
	require.NoError(t, err)
	require.Equal(t, []string{"1.png", "2.jpeg", "10.PNG"}, frames)

	plant(t, root, "left/notes.txt")
	_, err = Folder(root)
	require.EqualError(t, err, root+": class left has no clip; remove the folder if it is none")
	_, err = Folder(filepath.Join(root, "README.md"))
	require.ErrorContains(t, err, "README.md: not a directory")
	_, err = Folder(filepath.Join(root, "nowhere"))
	require.ErrorContains(t, err, "there is no folder "+root)
	_, err = Folder(filepath.Join(root, "up"))
	require.ErrorContains(t, err, "no file there ends like a video")
	_, err = Folder(t.TempDir())
	require.ErrorContains(t, err, "has no clips as in CLASS/CLIP")
}

// The folds of a set are disjoint and make it up, each class is in both parts where
// it has units enough, no group is in both, and a clip more moves no other.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grouped := rapid.Bool().Draw(t, "grouped")
		l := &Listing{Classes: []string{"a", "b"}}
		for k := range rapid.IntRange(10, 60).Draw(t, "clips") {
			c := Clip{Path: fmt.Sprint(k), Class: k % 2}
			if grouped {
				c.Group = fmt.Sprint(k%2, " ", rapid.IntRange(0, 9).Draw(t, "group"))
			}
			l.Clips = append(l.Clips, c)
		}
		kind := "random"
		if grouped {
			kind = "group"
		}
		folds := rapid.IntRange(2, 5).Draw(t, "folds")
		var all []int
		for fold := range folds {
			train, test, err := l.Cut(fmt.Sprintf("%s:%d/%d", kind, fold+1, folds))
			if err != nil {
				require.True(t, grouped, "ten clips fill five folds")
				return
			}
			require.Len(t, train, len(l.Clips)-len(test))
			if grouped {
				tested := distinct(l, test)
				for g := range distinct(l, train) {
					require.False(t, tested[g])
				}
			}
			all = append(all, test...)
		}
		slices.Sort(all)
		require.Len(t, all, len(l.Clips))
		require.Len(t, slices.Compact(all), len(l.Clips))
	})
}

func TestNatural(t *testing.T) {
	sorted := []string{"a1b2", "a1b10", "a002b1", "a10", "b", "b01", "c9", "c09x"}
	shuffled := slices.Clone(sorted)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, natural)
	require.Equal(t, sorted, shuffled)
}

// Features lie where the videos did: of each layout the same clips, classes, groups
// and splits are read from the arrays as from the videos.
func TestFeatures(t *testing.T) {
	swap := func(clips []Clip) []Clip {
		for k := range clips {
			clips[k].Path = strings.TrimSuffix(clips[k].Path, filepath.Ext(clips[k].Path)) + ".npy"
		}
		return clips
	}
	lists := []string{"test_train_splits/kick_test_split1.txt", "test_train_splits/kick_test_split2.txt", "test_train_splits/kick_test_split3.txt"}
	for name, c := range map[string]struct {
		read  func(root string) (*Listing, error)
		paths []string
	}{
		"ucf11":   {UCF11, []string{"UCF11_updated_mpg/walking/v_walk_dog_07/v_walk_dog_07_03.mpg", "UCF11_updated_mpg/walking/v_walk_dog_08/v_walk_dog_08_01.mpg", "UCF11_updated_mpg/swing/v_swing_01/v_swing_01_01.mpg"}},
		"inside":  {UCF11, []string{"walking/v_walk_dog_07/v_walk_dog_07_03.mpg", "swing/Annotation/a.txt", "swing/v_swing_01/v_swing_01_01.mpg"}},
		"youtube": {YouTube, []string{"ytcelebrity/0057_01_002_al_gore.avi", "ytcelebrity/0193_02_004_alanis_morissette.avi", "ytcelebrity/list.txt"}},
		"hmdb51":  {HMDB51, append([]string{"kick/(HQ)_a&b!_kick_0.avi", "kick/c_kick_1.avi", "kick/d_kick_2.avi"}, lists...)},
		"folder":  {Folder, []string{"up/a b.mp4", "up/c.mp4", "down/d.mp4", "mean.txt"}},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			plant(t, from, c.paths...)
			for _, p := range c.paths {
				if ext := filepath.Ext(p); ext != ".txt" {
					p = strings.TrimSuffix(p, ext) + ".npy"
				}
				plant(t, to, p)
			}
			if name == "hmdb51" {
				for _, root := range []string{from, to} {
					for _, list := range lists {
						text := "(HQ)_a&b!_kick_0.avi 1\nc_kick_1.avi 2 \nnot_there.avi 1\n"
						require.NoError(t, os.WriteFile(filepath.Join(root, list), []byte(text), 0o600))
					}
				}
			}
			want, err := c.read(from)
			require.NoError(t, err)
			got, err := Features(to)
			require.NoError(t, err)
			require.Equal(t, want.Classes, got.Classes)
			require.Equal(t, swap(want.Clips), got.Clips)
			require.Equal(t, want.Splits(), got.Splits())
		})
	}
}

// In folders of classes the names give the groups, if all of them do.
func TestFeatureGroups(t *testing.T) {
	root := t.TempDir()
	plant(t, root, "up/v_up_01_01.npy", "up/v_up_02_01.npy", "down/v_Down_g03_c04.npy", "down/v_Down_g04_c04.npy")
	l, err := Features(root)
	require.NoError(t, err)
	require.Equal(t, []string{"group", "random"}, l.Splits())
	require.Equal(t, Clip{Path: "down/v_Down_g03_c04.npy", Group: "down 03"}, l.Clips[0])
	require.Equal(t, Clip{Path: "up/v_up_02_01.npy", Class: 1, Group: "up 02"}, l.Clips[3])
	byFold, _, err := l.Cut("fold:1/2")
	require.NoError(t, err)
	byGroup, _, err := l.Cut("group:1/2")
	require.NoError(t, err)
	require.Equal(t, byGroup, byFold)

	plant(t, root, "up/other.npy", "up/v_up_03_g.npy")
	l, err = Features(root)
	require.NoError(t, err)
	require.Equal(t, []string{"random"}, l.Splits())
	_, _, err = l.Cut("fold:1/2")
	require.NoError(t, err)
	for split, want := range map[string]string{"fold:3/2": `split "fold:3/2": want random`, "fold": `there is no split "fold"`} {
		_, _, err = l.Cut(split)
		require.ErrorContains(t, err, want)
	}

	plant(t, root, "up/v_up_01/odd.npy")
	_, err = Features(root)
	require.ErrorContains(t, err, "odd.npy is not named as in CLASS/v_NAME_GG/v_NAME_GG_CC")
	for want, root := range map[string]string{"there is no folder": "/nowhere/at/all", "has no clips as in": t.TempDir()} {
		_, err = Features(root)
		require.ErrorContains(t, err, want)
	}
	empty := t.TempDir()
	plant(t, empty, "up/a.mp4")
	_, err = Features(empty)
	require.EqualError(t, err, empty+" has no clips as in CLASS/CLIP: no file there ends like an array of numpy, in .npy")
}
