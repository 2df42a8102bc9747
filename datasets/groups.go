package datasets

import (
	"encoding/binary"
	"math/rand/v2"
)

// Grouped is a Set that knows which of its clips show the same person or come
// from the same recording. A model judged on a clip must not have seen another
// clip of its group.
type Grouped interface {
	Set
	// Group returns the name of the group of clip i of part p.
	Group(p Part, i int) string
}

// units lists the clips from 0 to n-1 by group, in the order in which the groups
// appear; without groups, nil, a clip is a unit of its own. what names the kind.
func units(n int, group func(i int) string) (clips [][]int, what string) {
	if group == nil {
		for i := range n {
			clips = append(clips, []int{i})
		}
		return clips, "clips"
	}
	at := map[string]int{}
	for i := range n {
		name := group(i)
		if _, there := at[name]; !there {
			at[name] = len(clips)
			clips = append(clips, nil)
		}
		clips[at[name]] = append(clips[at[name]], i)
	}
	return clips, "groups"
}

// drawn returns the units of the training part of s in an order that is drawn at
// random. The name of the draw keeps it apart from others with the same seed.
func drawn(s Set, draw string, seed uint64) (clips [][]int, what string) {
	var group func(i int) string
	if g, ok := s.(Grouped); ok {
		group = func(i int) string { return g.Group(Train, i) }
	}
	inOrder, what := units(s.Clips(Train), group)
	var key [32]byte
	copy(key[:24], draw)
	binary.LittleEndian.PutUint64(key[24:], seed)
	for _, k := range rand.New(rand.NewChaCha8(key)).Perm(len(inOrder)) {
		clips = append(clips, inOrder[k])
	}
	return clips, what
}
