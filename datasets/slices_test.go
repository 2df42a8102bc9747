package datasets

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Every clip is in one part, once, with its values normalised by what the training part
// has, and zeros behind its end.
func TestSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clips, steps, width := rapid.IntRange(5, 30).Draw(t, "clips"), rapid.IntRange(1, 4).Draw(t, "steps"), rapid.IntRange(1, 3).Draw(t, "width")
		s := Slices{Shape: []int{clips, steps, width}}
		for i := range clips {
			s.Labels = append(s.Labels, rapid.IntRange(0, 2).Draw(t, "label"))
			s.Lengths = append(s.Lengths, rapid.IntRange(1, steps).Draw(t, "length"))
			for k := range steps * width {
				v := float32(100*i + k)
				if k >= s.Lengths[i]*width {
					v = float32(math.NaN()) // plays no part
				}
				s.X = append(s.X, v)
			}
		}
		if rapid.Bool().Draw(t, "train") {
			s.Train = rapid.IntRange(1, clips-1).Draw(t, "clips that are trained on")
		}
		set, err := s.Set(Options{})
		require.NoError(t, err)
		require.Equal(t, []int{steps, width}, append([]int{set.Steps()}, set.StepShape()...))
		m := measure.NewMeter(width)
		var seen []int
		for _, p := range []Part{Train, Test} {
			var part []int
			for i := range set.Clips(p) {
				x := slices.Repeat([]float32{-99}, steps*width)
				label, n, err := set.Read(p, i, x)
				require.NoError(t, err)
				norm := set.Normalisation()
				clip := int(math.Round(float64(x[0])*norm.Std[0]+norm.Mean[0])) / 100
				part = append(part, clip)
				require.Equal(t, []int{s.Labels[clip], s.Lengths[clip]}, []int{label, n})
				require.Equal(t, label, set.Label(p, i))
				want := make([]float32, steps*width)
				copy(want, s.clip(clip))
				norm.Apply(want[:n*width])
				require.Equal(t, want, x)
				if p == Train {
					m.Floats(s.clip(clip))
				}
			}
			require.NotEmpty(t, part)
			require.True(t, slices.IsSorted(part))
			if s.Train > 0 && p == Train {
				require.Len(t, part, s.Train)
				require.Equal(t, s.Train-1, part[len(part)-1])
			}
			seen = append(seen, part...)
		}
		slices.Sort(seen)
		require.Len(t, slices.Compact(seen), clips)
		require.Equal(t, m.Normalisation(), set.Normalisation())
	})
}

// Groups stay whole, and what a checkpoint knows is taken from it.
func TestSlicesOfGroups(t *testing.T) {
	s := Slices{X: make([]float32, 20), Shape: []int{10, 2, 1}, Labels: []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}, Groups: []string{"a", "b", "a", "b", "a", "c", "d", "c", "d", "c"}}
	n := preprocess.Normalisation{Mean: []float64{1}, Std: []float64{2}}
	set, err := s.Set(Options{Split: "fold:2/4", Normalisation: &n, Classes: []string{"walk", "run"}})
	require.NoError(t, err)
	require.Equal(t, "slices (fold:2/4)", set.Name())
	require.Equal(t, []string{"walk", "run"}, set.Classes())
	require.Equal(t, n, set.Normalisation())
	for i := range set.Clips(Test) {
		require.Equal(t, set.Group(Test, 0), set.Group(Test, i))
	}
	x := make([]float32, 2)
	_, _, err = set.Read(Train, 0, x)
	require.NoError(t, err)
	require.Equal(t, []float32{-0.5, -0.5}, x)
	_, _, err = set.Read(Train, 0, x[:1])
	require.EqualError(t, err, "datasets: slices (fold:2/4): x has room for 1 values, a clip is 2·1 = 2")
	require.NoError(t, set.Close())

	plain, err := FromSlices(s.X, s.Shape, s.Labels, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1"}, plain.Classes())
	require.Equal(t, []int{8, 2}, []int{plain.Clips(Train), plain.Clips(Test)})
	require.Empty(t, plain.Group(Train, 0))
}

func TestSlicesErrors(t *testing.T) {
	nan := float32(math.NaN())
	good := func() Slices {
		return Slices{X: make([]float32, 24), Shape: []int{6, 2, 2}, Labels: []int{0, 1, 0, 1, 0, 1}, Classes: []string{"walk", "run"}}
	}
	for want, change := range map[string]func(s *Slices, o *Options){
		"Shape is [6 4], want (clips, steps, n_1, ..., n_d), at least three axes": func(s *Slices, o *Options) { s.Shape = []int{6, 4} },
		"Shape is [6 0 2], want (clips, steps, n_1, ..., n_d)":                    func(s *Slices, o *Options) { s.Shape[1] = 0 },
		"X has 24 values, Shape [5 2 2] is 5 clips of 4":                          func(s *Slices, o *Options) { s.Shape[0] = 5 },
		"X has 23 values, Shape [6 2 2] is 6 clips of 4":                          func(s *Slices, o *Options) { s.X = s.X[1:] },
		"want at most 1048576":                                                    func(s *Slices, o *Options) { s.Shape[1] = 1 << 30 },
		"Train is 7, want 0 to 6, the number of clips":                            func(s *Slices, o *Options) { s.Train = 7 },
		`Train is 3 and the split "fold:1/2"; give one of them`:                   func(s *Slices, o *Options) { s.Train, o.Split = 3, "fold:1/2" },
		`there is no split "random"; want a fold such as fold:2/5`:                func(s *Slices, o *Options) { o.Split = "random" },
		`split "fold:1/9": 6 clips cannot be cut into 9 folds`:                    func(s *Slices, o *Options) { o.Split = "fold:1/9" },
		"Labels has 5 entries, X has 6 clips; give one for each":                  func(s *Slices, o *Options) { s.Labels = s.Labels[1:] },
		"Lengths has 1 entries, X has 6 clips":                                    func(s *Slices, o *Options) { s.Lengths = []int{1} },
		"Groups has 1 entries, X has 6 clips":                                     func(s *Slices, o *Options) { s.Groups = []string{"a"} },
		"Labels[4] is 2, but there are 2 classes, 0 to 1":                         func(s *Slices, o *Options) { s.Labels[4] = 2 },
		"Labels[4] is -1, but there are 2 classes, 0 to 1":                        func(s *Slices, o *Options) { s.Labels[4] = -1 },
		"Lengths[2] is 3: a clip has 1 to 2 steps, those of Shape":                func(s *Slices, o *Options) { s.Lengths = []int{1, 2, 3, 1, 1, 1} },
		"x[5, 1, 0] is NaN, want finite numbers in all steps of a clip":           func(s *Slices, o *Options) { s.X[22] = nan },
		"Classes[1]: a name is empty":                                             func(s *Slices, o *Options) { s.Classes[1] = "" },
		`Classes[1] is "walk", as Classes[0] is, "walk"; give each its own name`:  func(s *Slices, o *Options) { s.Classes[1] = "walk" },
		"there are 0 classes, want 1 to 4096":                                     func(s *Slices, o *Options) { s.Classes = []string{} },
		"the classes are walk, run, not run, walk":                                func(s *Slices, o *Options) { o.Classes = []string{"run", "walk"} },
		"normalisation: there are 3 entries, want 0, 1 or 2": func(s *Slices, o *Options) {
			o.Normalisation = &preprocess.Normalisation{Mean: make([]float64, 3), Std: []float64{1, 1, 1}}
		},
		`no normalisation is called "chanel"`: func(s *Slices, o *Options) { o.Normalise = "chanel" },
	} {
		s, o := good(), Options{}
		change(&s, &o)
		set, err := s.Set(o)
		require.ErrorContains(t, err, want)
		require.Regexp(t, "^datasets: ", err.Error())
		require.Nil(t, set)
	}
}
