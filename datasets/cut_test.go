package datasets

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// The folds of a set are disjoint and make it up, no group is in two, and they have
// the same number of groups of each class but for one.
func TestCutFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clips := rapid.IntRange(0, 60).Draw(t, "clips")
		labels := make([]int, clips)
		var groups []string
		grouped := rapid.Bool().Draw(t, "grouped")
		units, class := map[string]bool{}, map[string]int{} // groups, and the class of each
		name := func(i int) string {
			if grouped {
				return groups[i]
			}
			return fmt.Sprint(i)
		}
		for i := range labels {
			labels[i] = rapid.IntRange(0, 2).Draw(t, "label")
			if grouped {
				groups = append(groups, fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "group")))
			}
			if !units[name(i)] {
				units[name(i)], class[name(i)] = true, labels[i]
			}
		}
		var group func(i int) string
		if grouped {
			group = name
		}
		folds := rapid.IntRange(2, 6).Draw(t, "folds")
		total := make([]int, clips)
		perClass := [3][]int{}
		for fold := range folds {
			split := fmt.Sprintf("fold:%d/%d", fold+1, folds)
			tested, err := cutFold(split, labels, group)
			if len(units) < folds {
				require.ErrorContains(t, err, fmt.Sprintf("cannot be cut into %d folds", folds))
				return
			}
			require.NoError(t, err)
			in, counts := map[string]bool{}, [3]int{}
			for i, is := range tested {
				if is {
					total[i]++
					if !in[name(i)] {
						in[name(i)] = true
						counts[class[name(i)]]++
					}
				}
			}
			require.NotEmpty(t, in)
			for i, is := range tested {
				require.Equal(t, in[name(i)], is, "a group is whole")
			}
			for c, n := range counts {
				perClass[c] = append(perClass[c], n)
			}
		}
		for _, n := range total {
			require.Equal(t, 1, n)
		}
		for _, counts := range perClass {
			require.LessOrEqual(t, slices.Max(counts)-slices.Min(counts), 1)
		}
	})
	for split, want := range map[string]string{
		"fold:0/5": `split "fold:0/5": "0/5" is no fold; want one such as 2/5`, "fold:": `"" is no fold`, "fold:6/5": `"6/5" is no fold`,
		"fold:1/1": `"1/1" is no fold`, "fold:1/2/3": `"1/2/3" is no fold`, "fold:x/5": `"x/5" is no fold`,
	} {
		_, err := cutFold(split, []int{1, 2, 3}, nil)
		require.ErrorContains(t, err, want)
		_, err = Open("actions", Options{Split: split})
		require.ErrorContains(t, err, "datasets: actions: "+`split "`)
	}
}

// Folds of the actions hold whole subjects and all classes as often.
func TestFoldsOfActions(t *testing.T) {
	subjects := map[byte]int{}
	for fold := range 4 {
		set := open(t, Options{Split: fmt.Sprintf("fold:%d/4", fold+1)})
		require.Equal(t, fmt.Sprintf("actions (fold:%d/4)", fold+1), set.Name())
		require.Equal(t, []int{768, 256}, []int{set.Clips(Train), set.Clips(Test)})
		perClass := make([]int, 8)
		tested := map[byte]bool{}
		for _, i := range set.clips[Test] {
			perClass[set.labels[i]]++
			tested[set.subjects[i]] = true
		}
		require.Equal(t, slices.Repeat([]int{32}, 8), perClass)
		require.Len(t, tested, 4)
		for s := range tested {
			subjects[s]++
		}
		for _, i := range set.clips[Train] {
			require.False(t, tested[set.subjects[i]])
		}
		levels := preprocess.NewLevels(3)
		n := set.Steps() * set.frameLen()
		for _, i := range set.clips[Train] {
			levels.Add(set.frames.data[i*n : (i+1)*n])
		}
		require.Equal(t, levels.Normalisation(), set.Normalisation())
	}
	require.Len(t, subjects, numSubjects)
	_, err := Open("actions", Options{Split: "fold:1/17"})
	require.EqualError(t, err, `datasets: actions: split "fold:1/17": 16 groups cannot be cut into 17 folds`)
}

// Folds of npz files are of all their clips, of one file or two, and measured on the
// clips that are trained on.
func TestFoldsOfNPZ(t *testing.T) {
	for _, kind := range []string{"uint8", "float32"} {
		for _, names := range []string{
			golden + kind + "-train.npz," + golden + kind + "-test.npz", golden + kind + "-train-compressed.npz," + golden + kind + "-test-compressed.npz",
			golden + kind + "-train.npz",
		} {
			plain, err := Open("npz:"+names, Options{Normalisation: &preprocess.Normalisation{}, Classes: nil})
			if plain == nil { // a file without classes needs those of a checkpoint
				plain, err = Open("npz:"+names, Options{Normalisation: &preprocess.Normalisation{}, Classes: []string{"0", "1", "2"}})
			}
			require.NoError(t, err)
			defer plain.Close()
			values := func(s Set, p Part, i int) string {
				x := newClip(s)
				label, steps, err := s.Read(p, i, x)
				require.NoError(t, err)
				return fmt.Sprint(label, steps, x)
			}
			var all, folded []string
			for _, p := range []Part{Train, Test} {
				for i := range plain.Clips(p) {
					all = append(all, values(plain, p, i))
				}
			}
			for fold := range 3 {
				split := fmt.Sprintf("fold:%d/3", fold+1)
				s, err := Open("npz:"+names, Options{Split: split, Normalise: "none"})
				require.NoError(t, err)
				require.Equal(t, "npz:"+names+" ("+split+")", s.Name())
				require.Equal(t, plain.Fingerprint(), s.Fingerprint())
				require.Equal(t, plain.Classes(), s.Classes())
				require.Equal(t, len(all), s.Clips(Train)+s.Clips(Test))
				require.Zero(t, s.Clips(Validation))
				width := product(s.StepShape())
				want := preprocess.NewValues(1)
				for i := range s.Clips(Train) {
					x := newClip(s)
					_, steps, err := s.Read(Train, i, x)
					require.NoError(t, err)
					want.Add(x[:steps*width])
				}
				for i := range s.Clips(Test) {
					folded = append(folded, values(s, Test, i))
				}
				_, _, err = s.Read(Test, s.Clips(Test), newClip(s))
				require.ErrorContains(t, err, "has no test clip")
				require.NoError(t, s.Close())

				s, err = Open("npz:"+names, Options{Split: split, Normalise: "global"})
				require.NoError(t, err)
				require.InDelta(t, want.Normalisation().Mean[0], s.Normalisation().Mean[0], 1e-9)
				require.InDelta(t, want.Normalisation().Std[0], s.Normalisation().Std[0], 1e-9)
				require.NoError(t, s.Close())
			}
			require.ElementsMatch(t, all, folded)
			_, err = Open("npz:"+names, Options{Split: "fold:1/99"})
			require.ErrorContains(t, err, "clips cannot be cut into 99 folds")
		}
	}
}
