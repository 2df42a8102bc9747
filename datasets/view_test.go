package datasets

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// knowing is a fakeSet that may know of its clips. No group is in both of its parts.
type knowing struct {
	*fakeSet
	groups   int // 0 for none
	labelled bool
}

func (k knowing) Group(p Part, i int) string {
	if k.groups == 0 {
		return ""
	}
	return fmt.Sprint(p, " ", i*i%k.groups)
}

func (k knowing) Label(_ Part, i int) int {
	if !k.labelled {
		return -1
	}
	return i % 2
}

// Holdout, Fold and Augment, one after the other in any order: what the set knows of
// a clip is known of it afterwards, no group is in two parts, a clip is in one part
// once, and only training clips are augmented.
func TestViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := -1 // the clip that was read
		fake := &fakeSet{clips: rapid.IntRange(2, 60).Draw(t, "clips"), before: func(i int) { last = i }}
		grouped, labelled := rapid.Bool().Draw(t, "grouped"), rapid.Bool().Draw(t, "labelled")
		k := knowing{fakeSet: fake, labelled: labelled}
		if grouped {
			k.groups = rapid.IntRange(2, 30).Draw(t, "groups")
		}
		var set Set = k
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
				if !labelled {
					label = -1
				}
				require.Equal(t, label, set.Label(p, i))
				name := set.Group(p, i)
				if !grouped {
					require.Empty(t, name)
					continue
				}
				require.Equal(t, k.Group(from, last), name)
				if _, there := partOf[name]; !there {
					partOf[name] = p
				}
				require.Equal(t, partOf[name], p, "group %s is in two parts", name)
			}
		}
	})
}
