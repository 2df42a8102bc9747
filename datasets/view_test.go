package datasets

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What a fakeSet may know of its clips. No group is in both of its parts.
type (
	knowsGroups struct{ groups int }
	knowsLabels struct{}
)

func (k knowsGroups) Group(p Part, i int) string { return fmt.Sprint(p, " ", i*i%k.groups) }
func (knowsLabels) Label(_ Part, i int) int      { return i % 2 }

// Holdout, Fold and Augment, one after the other in any order: what the set knows of
// a clip is known of it afterwards, no group is in two parts, a clip is in one part
// once, and only training clips are augmented.
func TestViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := -1 // the clip that was read
		fake := &fakeSet{clips: rapid.IntRange(2, 60).Draw(t, "clips"), before: func(i int) { last = i }}
		k := knowsGroups{rapid.IntRange(2, 30).Draw(t, "groups")}
		grouped, labelled := rapid.Bool().Draw(t, "grouped"), rapid.Bool().Draw(t, "labelled")
		var set Set = fake
		switch {
		case grouped && labelled:
			set = struct {
				*fakeSet
				knowsGroups
				knowsLabels
			}{fake, k, knowsLabels{}}
		case grouped:
			set = struct {
				*fakeSet
				knowsGroups
			}{fake, k}
		case labelled:
			set = struct {
				*fakeSet
				knowsLabels
			}{fake, knowsLabels{}}
		}
		augmented := false
		for range rapid.IntRange(1, 4).Draw(t, "depth") {
			next, err := set, error(nil)
			seed := rapid.Uint64().Draw(t, "seed")
			switch rapid.SampledFrom([]string{"holdout", "fold", "augment"}).Draw(t, "view") {
			case "holdout":
				next, err = Holdout(set, rapid.Float64Range(0.1, 0.9).Draw(t, "fraction"), seed)
			case "fold":
				folds := rapid.IntRange(2, 4).Draw(t, "folds")
				next, err = Fold(set, folds, rapid.IntRange(0, folds-1).Draw(t, "fold"), seed)
			case "augment":
				next, augmented = Augment(set, Augmentation{Brightness: 1}, seed, 0), true
			}
			if err == nil {
				set = next
			}
		}
		groups, isGrouped := set.(Grouped)
		labels, isLabelled := set.(Labelled)
		require.Equal(t, grouped, isGrouped)
		require.Equal(t, labelled, isLabelled)
		partOf, seen := map[string]Part{}, map[float32]bool{}
		x := make([]float32, fakeLen)
		for p := range Validation + 1 {
			for i := range set.Clips(p) {
				label, _, err := set.Read(p, i, x)
				require.NoError(t, err)
				from := Train
				if x[0] < 0 {
					from = Test
				}
				clip := fakeClip(from, last)
				if p == Train && augmented {
					require.NotEqual(t, clip, x)
				} else {
					require.Equal(t, clip, x)
				}
				require.False(t, seen[clip[0]], "a clip is there twice")
				seen[clip[0]] = true
				if isLabelled {
					require.Equal(t, label, labels.Label(p, i))
				}
				if !isGrouped {
					continue
				}
				name := groups.Group(p, i)
				require.Equal(t, k.Group(from, last), name)
				if _, there := partOf[name]; !there {
					partOf[name] = p
				}
				require.Equal(t, partOf[name], p, "group %s is in two parts", name)
			}
		}
	})
}
