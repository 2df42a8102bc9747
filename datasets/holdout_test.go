package datasets

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every training clip is in one of the two parts, once, and the test part is
// left alone.
func TestHoldout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := &fakeSet{clips: rapid.IntRange(2, 200).Draw(t, "clips")}
		fraction := rapid.Float64Range(1e-3, 1-1e-3).Draw(t, "fraction")
		seed := rapid.Uint64().Draw(t, "seed")
		held, err := Holdout(set, fraction, seed)
		want := int(math.Round(fraction * float64(set.clips)))
		if want == 0 || want == set.clips {
			require.ErrorContains(t, err, "want at least 1 of each")
			require.Nil(t, held)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, held.Clips(Validation))
		require.Equal(t, set.clips-want, held.Clips(Train))
		require.Equal(t, set.clips, held.Clips(Test))
		require.Equal(t, set.Name(), held.Name())
		var seen []int
		x := make([]float32, fakeLen)
		for _, part := range []Part{Train, Validation} {
			for i := range held.Clips(part) {
				_, _, err := held.Read(part, i, x)
				require.NoError(t, err)
				seen = append(seen, int(x[0])-1)
			}
		}
		slices.Sort(seen)
		require.Len(t, seen, set.clips)
		for i, clip := range seen {
			require.Equal(t, i, clip)
		}
		_, _, err = held.Read(Test, 0, x)
		require.NoError(t, err)
		require.Equal(t, fakeClip(Test, 0), x)

		again, err := Holdout(set, fraction, seed)
		require.NoError(t, err)
		require.Equal(t, held.Fingerprint(), again.Fingerprint())
		for _, p := range []Part{Train, Validation} {
			require.Equal(t, clipsOf(t, held, p), clipsOf(t, again, p))
		}
	})
}

// clipsOf lists the clips of a fakeSet's training part that are in a part of a set
// made of it.
func clipsOf(t require.TestingT, s Set, p Part) (clips []int) {
	x := make([]float32, fakeLen)
	for i := range s.Clips(p) {
		_, _, err := s.Read(p, i, x)
		require.NoError(t, err)
		clips = append(clips, int(x[0])-1)
	}
	return clips
}

// The clips of a seed, as this package drew them first: a change means that
// published results cannot be repeated.
func TestHoldoutStays(t *testing.T) {
	held, err := Holdout(&fakeSet{clips: 12}, 0.25, 1)
	require.NoError(t, err)
	assert.Equal(t, []int{4, 6, 10}, clipsOf(t, held, Validation))
	other, err := Holdout(&fakeSet{clips: 12}, 0.25, 2)
	require.NoError(t, err)
	assert.NotEqual(t, clipsOf(t, held, Validation), clipsOf(t, other, Validation))
}

// The same seed shuffles and holds out: what is held out must not be a piece of
// that order.
func TestHoldoutIgnoresOrder(t *testing.T) {
	const clips, half = 200, 100
	for seed := range uint64(5) {
		held, err := Holdout(&fakeSet{clips: clips}, 0.5, seed)
		require.NoError(t, err)
		validation := clipsOf(t, held, Validation)
		for epoch := range 5 {
			order := Order(clips, seed, epoch)[:half]
			common := 0
			for _, i := range order {
				if slices.Contains(validation, i) {
					common++
				}
			}
			// 50 are expected, with a standard deviation of 3.5.
			assert.InDelta(t, half/2, common, 18)
		}
	}
}

func TestHoldoutErrors(t *testing.T) {
	set := &fakeSet{clips: 10}
	for fraction, want := range map[float64]string{
		0:           "datasets: fake: cannot hold out a fraction of 0, want one between 0 and 1",
		1:           "datasets: fake: cannot hold out a fraction of 1, want one between 0 and 1",
		-0.5:        "datasets: fake: cannot hold out a fraction of -0.5, want one between 0 and 1",
		math.NaN():  "datasets: fake: cannot hold out a fraction of NaN, want one between 0 and 1",
		math.Inf(1): "datasets: fake: cannot hold out a fraction of +Inf, want one between 0 and 1",
		0.01:        "datasets: fake: holding out 0.01 of 10 train clips leaves 10 to train on and 0 to validate, want at least 1 of each",
		0.99:        "datasets: fake: holding out 0.99 of 10 train clips leaves 0 to train on and 10 to validate, want at least 1 of each",
	} {
		_, err := Holdout(set, fraction, 1)
		assert.EqualError(t, err, want)
	}
	_, err := Holdout(&fakeSet{}, 0.5, 1)
	assert.EqualError(t, err, "datasets: fake: holding out 0.5 of 0 train clips leaves 0 to train on and 0 to validate, want at least 1 of each")

	held, err := Holdout(set, 0.2, 1)
	require.NoError(t, err)
	_, err = Holdout(held, 0.2, 1)
	assert.EqualError(t, err, "datasets: fake has 2 validation clips already, hold out once")
	for _, part := range []Part{Train, Validation} {
		for _, i := range []int{-1, held.Clips(part)} {
			_, _, err := held.Read(part, i, make([]float32, fakeLen))
			assert.ErrorContains(t, err, "datasets: fake has no "+part.String()+" clip ")
		}
	}
}
