package datasets

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// groupedSet is a fakeSet whose clips belong to groups.
type groupedSet struct {
	*fakeSet
	groups []int
}

func (g groupedSet) Group(_ Part, i int) string { return fmt.Sprint(g.groups[i]) }

// The folds of a set are disjoint and make up its training part; no group is in
// both parts, and no test clip of the set in either.
func TestFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clips := rapid.IntRange(2, 100).Draw(t, "clips")
		var set Set = &fakeSet{clips: clips}
		groups := make([]int, clips)
		grouped := rapid.Bool().Draw(t, "grouped")
		for i := range groups {
			groups[i] = i
			if grouped {
				groups[i] = rapid.IntRange(0, 9).Draw(t, "group")
			}
		}
		if grouped {
			set = groupedSet{set.(*fakeSet), groups}
		}
		distinct := len(slices.Compact(slices.Sorted(slices.Values(groups))))
		folds := rapid.IntRange(2, 12).Draw(t, "folds")
		seed := rapid.Uint64().Draw(t, "seed")
		var tested []int
		for fold := range folds {
			f, err := Fold(set, folds, fold, seed)
			if distinct < folds {
				require.ErrorContains(t, err, fmt.Sprintf("%d training", distinct))
				return
			}
			require.NoError(t, err)
			require.Equal(t, clips, f.Clips(Train)+f.Clips(Test))
			require.Zero(t, f.Clips(Validation))
			seen := [2]map[int]bool{{}, {}}
			x := make([]float32, fakeLen)
			for part := range seen {
				for i := range f.Clips(Part(part)) {
					_, _, err := f.Read(Part(part), i, x)
					require.NoError(t, err)
					clip := int(x[0]) - 1
					require.Equal(t, fakeClip(Train, clip), x)
					seen[part][groups[clip]] = true
					if Part(part) == Test {
						tested = append(tested, clip)
					}
				}
			}
			for g := range seen[Test] {
				require.False(t, seen[Train][g], "group %d is in both parts", g)
			}
			require.NotEmpty(t, seen[Test])
			require.NotEmpty(t, seen[Train])
			again, err := Fold(set, folds, fold, seed)
			require.NoError(t, err)
			require.Equal(t, f.Fingerprint(), again.Fingerprint())
			for _, p := range []Part{Train, Test} {
				require.Equal(t, clipsOf(t, f, p), clipsOf(t, again, p))
			}
		}
		slices.Sort(tested)
		require.Len(t, tested, clips)
		for i, clip := range tested {
			require.Equal(t, i, clip)
		}
	})
}

func TestFoldErrors(t *testing.T) {
	set := &fakeSet{clips: 8}
	for _, c := range []struct {
		folds, fold int
		want        string
	}{
		{1, 0, "fold 0 of 1, want one from 0 on of at least 2"},
		{4, 4, "fold 4 of 4"},
		{4, -1, "fold -1 of 4"},
		{9, 0, "8 training clips cannot be cut into 9 folds"},
	} {
		_, err := Fold(set, c.folds, c.fold, 1)
		require.ErrorContains(t, err, c.want)
	}
	f, err := Fold(set, 4, 0, 1)
	require.NoError(t, err)
	_, _, err = f.Read(Validation, 0, make([]float32, fakeLen))
	require.Error(t, err)
	_, _, err = f.Read(Test, f.Clips(Test), make([]float32, fakeLen))
	require.Error(t, err)
}
