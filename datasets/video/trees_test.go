package video

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/internal/clipfiles"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
)

// takes are the films that the clips of the trees are links to: in every container,
// of 1, 3 and 200 frames, also of odd sizes.
var takes = []struct {
	name, size, codec string
	frames            int
}{
	{"one.mpg", "64x48", "mpeg1video", 1}, {"three.mpg", "63x47", "mpeg1video", 3}, {"long.mpg", "48x36", "mpeg1video", 200},
	{"one.avi", "63x47", "mpeg4", 1}, {"three.avi", "64x48", "mpeg4", 3}, {"long.avi", "48x36", "mpeg4", 200},
	{"one.mp4", "48x36", "mpeg4", 1}, {"three.mp4", "161x121", "mpeg4", 3}, {"long.mp4", "63x47", "mpeg4", 200},
}

var shot struct {
	sync.Once
	dir string
}

// shoot makes the takes, all with one start of ffmpeg.
func shoot(t testing.TB, dir string) {
	require.NoError(t, os.MkdirAll(dir, 0o777))
	args := []string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=rate=25:size=320x240"}
	for _, c := range takes {
		args = append(args, "-frames:v", fmt.Sprint(c.frames), "-s", c.size, "-c:v", c.codec, filepath.Join(dir, c.name))
	}
	out, err := exec.Command("ffmpeg", args...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// tree is a set as its authors' archive unpacks.
type tree struct {
	root, takes string
	clips       map[string]clipFacts // by path below the root of the listing
}

type clipFacts struct {
	class, group string
	frames       int // 0 where it is damaged
}

func newTree(t testing.TB, takes string) *tree {
	return &tree{root: t.TempDir(), takes: takes, clips: map[string]clipFacts{}}
}

// plant puts the next take with the ending of name into the tree.
func (tr *tree) plant(t testing.TB, under, name, class, group string) {
	k := len(tr.clips) % 3
	at := filepath.Join(tr.root, filepath.FromSlash(under), filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o777))
	require.NoError(t, os.Link(filepath.Join(tr.takes, []string{"one", "three", "long"}[k]+path.Ext(name)), at))
	tr.clips[name] = clipFacts{class, group, []int{1, 3, 200}[k]}
}

// spoil replaces a clip by other content.
func (tr *tree) spoil(t testing.TB, under, name string, content []byte) {
	at := filepath.Join(tr.root, filepath.FromSlash(under), filepath.FromSlash(name))
	require.NoError(t, os.Remove(at)) // and not what it is a link to
	require.NoError(t, os.WriteFile(at, content, 0o666))
	facts := tr.clips[name]
	facts.frames = 0
	tr.clips[name] = facts
}

// spoilThree cuts a clip short, empties one, and makes one a text.
func (tr *tree) spoilThree(t testing.TB, under, cut, empty, text string) {
	data, err := os.ReadFile(filepath.Join(tr.takes, "long"+path.Ext(cut)))
	require.NoError(t, err)
	tr.spoil(t, under, cut, data[:len(data)/2])
	facts := tr.clips[cut]
	facts.frames = 6 // at least
	tr.clips[cut] = facts
	tr.spoil(t, under, empty, nil)
	tr.spoil(t, under, text, []byte("this is no video\n"))
}

// check opens the tree and compares what it says of every clip, and reads the clips
// named and, when tests may be long, one of every class. It returns the set.
func (tr *tree) check(t *testing.T, kind, split string, classes []string, read ...string) *set {
	opened, err := Open(t.Context(), kind+":"+tr.root, Options{Options: datasets.Options{Split: split}, Width: 8, Height: 6, Cache: t.TempDir(), MaxBad: 0.1})
	require.NoError(t, err)
	s := opened.(*set)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.Equal(t, classes, s.Classes())
	clips := whole(s)
	seen := map[string]bool{}
	for name, at := range clips {
		facts, planted := tr.clips[name]
		require.True(t, planted, name)
		class := classes[s.Label(datasets.Part(at[0]), at[1])]
		require.Equal(t, facts.class, class, name)
		group := s.Group(datasets.Part(at[0]), at[1])
		require.Equal(t, facts.group, group, name)
		if os.Getenv("TENSORZOO_LONG") == "1" && !seen[class] {
			read = append(read, name)
		}
		seen[class] = true
	}
	require.Len(t, seen, len(classes), "each class is in the split")
	x := make([]float32, s.Steps()*dims.Size(s.StepShape()))
	for _, name := range read {
		require.Contains(t, clips, name)
		facts := tr.clips[name]
		label, _, err := s.Read(datasets.Part(clips[name][0]), clips[name][1], x)
		if facts.frames == 0 {
			require.True(t, clipfiles.Skipped(err), "%s: %v", name, err)
			require.Contains(t, err.Error(), path.Base(name)+" is left out: ffmpeg", name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, facts.class, classes[label], name)
		padding := max(0, s.Steps()-facts.frames) * dims.Size(s.StepShape())
		require.Equal(t, make([]float32, padding), x[:padding], name)
		require.NotContains(t, slices.Collect(slices.Chunk(x[padding:], dims.Size(s.StepShape()))), make([]float32, dims.Size(s.StepShape())), name)
	}
	return s
}

// filming returns the folder of the takes.
func filming(t testing.TB) string {
	if _, err := ffmpeg.Find(); err != nil {
		t.Skip(err)
	}
	films(t)
	shot.Do(func() {
		shot.dir = filepath.Join(filmed.dir, "takes")
		shoot(t, shot.dir)
	})
	return shot.dir
}

// The frames of every container, size and length are ffmpeg's own, byte for byte.
func TestVideoGolden(t *testing.T) {
	dir, root, raw := filming(t), t.TempDir(), t.TempDir()
	decode := []string{"-nostdin", "-v", "error"}
	var outputs []string
	for k, c := range takes {
		require.NoError(t, os.MkdirAll(filepath.Join(root, "a (b) & 'c'!"), 0o777))
		require.NoError(t, os.Link(filepath.Join(dir, c.name), filepath.Join(root, "a (b) & 'c'!", c.name)))
		decode = append(decode, "-i", filepath.Join(dir, c.name))
		outputs = append(outputs, "-map", fmt.Sprint(k, ":v"), "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "40x30", "-sws_flags", "bilinear", filepath.Join(raw, c.name))
	}
	out, err := exec.Command("ffmpeg", append(decode, outputs...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	s := openFilms(t, root, t.TempDir(), func(o *Options) { o.Width, o.Height, o.Steps = 40, 30, AllSteps })
	require.Equal(t, 200, s.Steps())
	clips := whole(s)
	require.Len(t, clips, len(takes))
	x := make([]float32, 200*40*30*3)
	for _, c := range takes {
		at := clips["a (b) & 'c'!/"+c.name]
		_, steps, err := s.Read(datasets.Part(at[0]), at[1], x)
		require.NoError(t, err)
		require.Equal(t, c.frames, steps, c.name)
		got := make([]byte, steps*40*30*3)
		for k := range got {
			got[k] = byte(x[k])
		}
		want, err := os.ReadFile(filepath.Join(raw, c.name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), c.name)
	}
}

// UCF11 as its archive unpacks: 1,600 clips of 11 classes, 25 recordings in each.
func TestVideoUCF11(t *testing.T) {
	tr := newTree(t, filming(t))
	var classes []string
	const under = "UCF11_updated_mpg"
	for class, stem := range ucf11Names(t, func(class, stem string, group, clip int) {
		folder := fmt.Sprintf("%s/%s_%02d", class, stem, group)
		tr.plant(t, under, fmt.Sprintf("%s/%s_%02d_%02d.mpg", folder, stem, group, clip), class, fmt.Sprintf("%s %02d", class, group))
	}) {
		classes = append(classes, class)
		annotation := filepath.Join(tr.root, under, class, "Annotation")
		require.NoError(t, os.Mkdir(annotation, 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(annotation, stem+"_01_01.xgtf"), []byte("<xml/>"), 0o666))
	}
	slices.Sort(classes)
	walk := "walking/v_walk_dog_07/v_walk_dog_07_0"
	tr.spoilThree(t, under, walk+"1.mpg", walk+"2.mpg", walk+"3.mpg")
	s := tr.check(t, "ucf11", "", classes, walk+"1.mpg", walk+"2.mpg", walk+"3.mpg", walk+"4.mpg")
	require.Equal(t, 1600, s.Clips(datasets.Train)+s.Clips(datasets.Test))
	groups := [2]map[string]bool{{}, {}}
	for part := range groups {
		for i := range s.Clips(datasets.Part(part)) {
			groups[part][s.Group(datasets.Part(part), i)] = true
		}
	}
	require.Len(t, groups[datasets.Train], 11*20)
	require.Len(t, groups[datasets.Test], 11*5)
	for g := range groups[datasets.Test] {
		require.False(t, groups[datasets.Train][g], g)
	}
}

// ucf11Names calls yield with each of the 1,600 clips, and returns the stems of classes.
func ucf11Names(t testing.TB, yield func(class, stem string, group, clip int)) map[string]string {
	file, err := os.Open("../../internal/layout/testdata/ucf11.txt")
	require.NoError(t, err)
	defer file.Close()
	stems := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == "#" {
			continue
		}
		stems[fields[0]] = fields[1]
		for g, number := range fields[2:] {
			var n int
			_, err := fmt.Sscan(number, &n)
			require.NoError(t, err)
			for clip := range n {
				yield(fields[0], fields[1], g+1, clip+1)
			}
		}
	}
	return stems
}

// hmdb51Classes are those of HMDB51, in order.
var hmdb51Classes = strings.Fields(`brush_hair cartwheel catch chew clap climb climb_stairs dive draw_sword dribble drink eat
	fall_floor fencing flic_flac golf handstand hit hug jump kick kick_ball kiss laugh pick pour pullup punch push pushup
	ride_bike ride_horse run shake_hands shoot_ball shoot_bow shoot_gun sit situp smile smoke somersault stand swing_baseball
	sword sword_exercise talk throw turn walk wave`)

// HMDB51 as its archives unpack: 51 classes, names with all that a shell would trip
// over, and three official splits, whose lists name clips that are not there, leave out
// one that is, and end their lines in blanks or as Windows does.
func TestVideoHMDB51(t *testing.T) {
	require.Len(t, hmdb51Classes, 51)
	tr := newTree(t, filming(t))
	names := []string{"50_FIRST_DATES_%s_f_cm_np1_ba_med_24.avi", "(HQ)_Rich_&_Poor!_%s_f_cm_np1_le_med_0.avi", "Don't_stop_%s_u_cm_np1_fr_med_1.avi", "#20_Rhythm_%s_u_nm_np1_fr_goo_0.avi"}
	name := func(class string, k int) string { return fmt.Sprintf(names[k], class) }
	// What the lists say of the four: of split n the n-th is for neither.
	parts := [3][4]int{{0, 1, 2, 1}, {1, 0, 2, 1}, {2, 1, 0, 1}}
	lists := filepath.Join(tr.root, "testTrainMulti_7030_splits")
	require.NoError(t, os.Mkdir(lists, 0o777))
	for at, class := range hmdb51Classes {
		for k := range names {
			tr.plant(t, "", class+"/"+name(class, k), class, class+"/"+name(class, k))
		}
		tr.plant(t, "", class+"/unlisted_"+class+".avi", class, "")
		for split, part := range parts {
			end := []string{" \n", " \r\n", "\n"}[(at+split)%3]
			text := "gone_" + class + ".avi 1" + end
			for k := range names {
				text += fmt.Sprint(name(class, k), " ", part[k], end)
			}
			require.NoError(t, os.WriteFile(filepath.Join(lists, fmt.Sprintf("%s_test_split%d.txt", class, split+1)), []byte(text), 0o666))
		}
	}
	dive := func(k int) string { return "dive/" + name("dive", k) }
	tr.spoilThree(t, "", dive(1), dive(2), dive(3))
	for split, part := range parts {
		var read []string
		if split == 0 {
			read = []string{dive(1), dive(2), dive(3), "wave/" + name("wave", 1), "kick_ball/" + name("kick_ball", 2)}
		}
		s := tr.check(t, "hmdb51", fmt.Sprint("official:", split+1), hmdb51Classes, read...)
		require.Equal(t, []int{2 * 51, 51}, []int{s.Clips(datasets.Train), s.Clips(datasets.Test)})
		clips := whole(s)
		for _, class := range hmdb51Classes {
			for k := range names {
				at, there := clips[class+"/"+name(class, k)]
				require.Equal(t, part[k] != 0, there)
				if there {
					require.Equal(t, part[k]-1, at[0], class)
				}
			}
		}
		require.NoError(t, s.Close())
	}
}

// YouTube Celebrities as its archive unpacks: all clips in one folder, of 47 people with
// five to seven recordings each.
func TestVideoYouTube(t *testing.T) {
	tr := newTree(t, filming(t))
	var people []string
	for k := range 47 {
		person := fmt.Sprintf("%c%c_%s", 'a'+k%26, 'a'+k/26, []string{"gore", "de_niro", "o'toole"}[k%3])
		people = append(people, person)
		for video := range 5 + k%3 {
			for segment := range 1 + (k+video)%3 {
				name := fmt.Sprintf("%04d_%02d_%03d_%s.avi", 10*k+video, video+1, segment+1, person)
				tr.plant(t, "ytcelebrity", name, person, fmt.Sprintf("%s %02d", person, video+1))
			}
		}
	}
	slices.Sort(people)
	first := func(video int) string { return fmt.Sprintf("%04d_%02d_001_aa_gore.avi", video-1, video) }
	tr.spoilThree(t, "ytcelebrity", first(1), first(2), first(3))
	s := tr.check(t, "youtube", "", people, first(1), first(2), first(3), first(4), "0020_01_001_ca_o'toole.avi")
	require.Equal(t, len(tr.clips), s.Clips(datasets.Train)+s.Clips(datasets.Test))
	trained := map[string]bool{}
	for i := range s.Clips(datasets.Train) {
		trained[s.Group(datasets.Train, i)] = true
	}
	tested := map[int]bool{}
	for i := range s.Clips(datasets.Test) {
		require.False(t, trained[s.Group(datasets.Test, i)])
		tested[s.Label(datasets.Test, i)] = true
	}
	require.Len(t, tested, 47)
}
