package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
)

// Grouped is a Set that knows which of its clips show the same person or come
// from the same recording. A model that is judged on a clip must not have seen
// another one of its group.
type Grouped interface {
	Set
	// Group returns the name of the group of clip i of part p.
	Group(p Part, i int) string
}

// Fold returns the training part of s as a set of its own, for choices that the
// test clips of s must have no part in, such as that of a learning rate: its
// training clips are cut into the given number of folds, of which number fold,
// from 0, becomes the test part and the others the training part. Whole groups
// go into a fold when s is Grouped, single clips when not. The same seed makes
// the same folds. Everything else is that of s, also the normalisation, which
// was measured on all training clips; the fingerprint tells what the test part
// is. Closing the new set closes s.
//
// It returns an error when there are fewer than 2 folds or more than groups or
// clips, and when there is no such fold.
func Fold(s Set, folds, fold int, seed uint64) (Set, error) {
	if folds < 2 || fold < 0 || fold >= folds {
		return nil, errors.Errorf("datasets: %s: fold %d of %d, want one from 0 on of at least 2", s.Name(), fold, folds)
	}
	groups, what := groupsOf(s)
	if len(groups) < folds {
		return nil, errors.Errorf("datasets: %s: %d training %s cannot be cut into %d folds", s.Name(), len(groups), what, folds)
	}
	// The key keeps these draws apart from others with the same seed.
	key := [32]byte{0: 'f', 1: 'o', 2: 'l', 3: 'd', 4: 's'}
	binary.LittleEndian.PutUint64(key[24:], seed)
	f := &folded{Set: s}
	for k, g := range rand.New(rand.NewChaCha8(key)).Perm(len(groups)) {
		part := Train
		if k%folds == fold {
			part = Test
		}
		f.clips[part] = append(f.clips[part], groups[g]...)
	}
	for _, clips := range f.clips {
		slices.Sort(clips) // files are read forwards
	}
	f.name = fmt.Sprintf("%s, fold %d of %d of its training part", s.Name(), fold+1, folds)
	return f, nil
}

// groupsOf lists the training clips of s by group, in the order in which the
// groups appear.
func groupsOf(s Set) (groups [][]int, what string) {
	g, ok := s.(Grouped)
	if !ok {
		for i := range s.Clips(Train) {
			groups = append(groups, []int{i})
		}
		return groups, "clips"
	}
	at := map[string]int{}
	for i := range s.Clips(Train) {
		name := g.Group(Train, i)
		if _, there := at[name]; !there {
			at[name] = len(groups)
			groups = append(groups, nil)
		}
		groups[at[name]] = append(groups[at[name]], i)
	}
	return groups, "groups"
}

// folded is a set whose parts are those of another set's training part.
type folded struct {
	Set
	name  string
	clips [2][]int // indices in the training part of Set
}

func (f *folded) Name() string { return f.name }

func (f *folded) Clips(p Part) int {
	if p != Train && p != Test {
		return 0
	}
	return len(f.clips[p])
}

func (f *folded) Fingerprint() string {
	sum := crc32.NewIEEE()
	for _, i := range f.clips[Test] {
		sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	}
	return fmt.Sprintf("%s-fold%08x", f.Set.Fingerprint(), sum.Sum32())
}

func (f *folded) Read(p Part, i int, x []float32) (label, steps int, err error) {
	if i < 0 || i >= f.Clips(p) {
		return 0, 0, noClip(f, p, i)
	}
	return f.Set.Read(Train, f.clips[p][i], x)
}
