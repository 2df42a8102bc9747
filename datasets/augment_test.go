package datasets

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// normalisedSet is a fakeSet whose values were normalised.
type normalisedSet struct {
	*fakeSet
	n preprocess.Normalisation
}

func (s normalisedSet) Normalisation() preprocess.Normalisation { return s.n }

// A changed clip is the stored one times a factor of each place of the last axis,
// the same in all steps; test clips and the steps behind the end stay.
func TestAugment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := preprocess.Normalisation{}
		switch rapid.IntRange(0, 2).Draw(t, "normalisation") {
		case 1:
			n = preprocess.Normalisation{Mean: []float64{3}, Std: []float64{2}}
		case 2:
			n = preprocess.Normalisation{Mean: []float64{3, 5}, Std: []float64{2, 0.5}}
		}
		stored := func(x []float32) []float64 { // the values before normalisation
			out := make([]float64, len(x))
			for k, v := range x {
				out[k] = float64(v)
				if len(n.Mean) > 0 {
					c := k % len(n.Mean)
					out[k] = out[k]*n.Std[c] + n.Mean[c]
				}
			}
			return out
		}
		set := normalisedSet{&fakeSet{clips: 9}, n}
		how := Augmentation{Brightness: rapid.Float64Range(0, 2).Draw(t, "brightness"), Colour: rapid.Float64Range(0, 2).Draw(t, "colour")}
		seed, epoch, clip := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 100).Draw(t, "epoch"), rapid.IntRange(0, 8).Draw(t, "clip")
		read := func(p Part, epoch int) []float32 {
			x := make([]float32, fakeLen)
			label, steps, err := Augment(set, how, seed, epoch).Read(p, clip, x)
			require.NoError(t, err)
			wantLabel, wantSteps, err := set.Read(p, clip, make([]float32, fakeLen))
			require.NoError(t, err)
			require.Equal(t, []int{wantLabel, wantSteps}, []int{label, steps})
			return x
		}
		require.Equal(t, fakeClip(Test, clip), read(Test, epoch))

		got := read(Train, epoch)
		require.Equal(t, got, read(Train, epoch), "an epoch is the same when it is repeated")
		if how.Brightness+how.Colour > 0.01 {
			require.NotEqual(t, got, read(Train, epoch+1), "and another one the next time")
		}
		was, is := stored(fakeClip(Train, clip)), stored(got)
		real := (clip%3 + 1) * 4
		factor := []float64{is[0] / was[0], is[1] / was[1]}
		if how.Colour == 0 {
			require.InDelta(t, factor[0], factor[1], 1e-4*factor[0])
		}
		for k := range was {
			if k >= real {
				require.Zero(t, got[k])
				continue
			}
			require.InDelta(t, was[k]*factor[k%2], is[k], 1e-3*(1+was[k]*factor[k%2]))
		}
	})
}

// The factors have the deviations that were asked for.
func TestAugmentDeviation(t *testing.T) {
	a := augmented{how: Augmentation{Brightness: 0.3, Colour: 0.4}, seed: 1, black: make([]float32, 2)}
	var brightness, colour []float64
	for clip := range 20_000 {
		f := a.factors(clip)
		x, y := math.Log(float64(f[0])), math.Log(float64(f[1]))
		brightness, colour = append(brightness, (x+y)/2), append(colour, x-y)
	}
	// The mean of two places still has half of their own variance.
	require.InDelta(t, math.Sqrt(0.3*0.3+0.4*0.4/2), stat.StdDev(brightness, nil), 0.01)
	require.InDelta(t, math.Sqrt2*0.4, stat.StdDev(colour, nil), 0.01)
	require.InDelta(t, 0, stat.Mean(brightness, nil), 0.01)
}

// paddedSet has a step of zeros before each clip.
type paddedSet struct{ *fakeSet }

func (s paddedSet) Read(p Part, i int, x []float32) (label, steps int, err error) {
	for k := range x {
		x[k] = float32(max(0, k-3))
	}
	return 0, 3, nil
}

func (s paddedSet) Normalisation() preprocess.Normalisation {
	return preprocess.Normalisation{Mean: []float64{3}, Std: []float64{2}}
}

// Padding in front is not part of a clip.
func TestAugmentPadding(t *testing.T) {
	x := make([]float32, fakeLen)
	_, _, err := Augment(paddedSet{&fakeSet{clips: 1}}, Augmentation{Brightness: 1}, 1, 0).Read(Train, 0, x)
	require.NoError(t, err)
	require.Equal(t, make([]float32, 4), x[:4])
	require.NotEqual(t, float32(1), x[4])
}

func TestAugmentNothing(t *testing.T) {
	set := &fakeSet{clips: 1}
	require.Equal(t, Set(set), Augment(set, Augmentation{}, 1, 1))
}

func TestParseAugmentation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Augmentation{rapid.Float64Range(0, 2).Draw(t, "brightness"), rapid.Float64Range(0, 2).Draw(t, "colour")}
		again, err := ParseAugmentation(a.String())
		require.NoError(t, err)
		require.Equal(t, a, again)
	})
	for text, want := range map[string]string{
		"brightnes:1":               `no augmentation is called "brightnes"; did you mean "brightness"?`,
		"brightness":                `augmentation "brightness"; want each name once`,
		"colour:-1":                 "from 0 to 2",
		"colour:NaN":                "from 0 to 2",
		"colour:3":                  "from 0 to 2",
		"colour:1,colour:1":         "want each name once",
		"brightness:0.1,":           `no augmentation is called ""`,
		"brightness:0.1,colour:0,x": `no augmentation is called "x"`,
	} {
		_, err := ParseAugmentation(text)
		require.ErrorContains(t, err, want)
	}
}
