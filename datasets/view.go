package datasets

// view is a Set whose clips are those of another one.
type view interface {
	Set

	// origin says which clip of the other set clip i of part p is.
	origin(p Part, i int) (Part, int)

	// plain returns the same view of the clips as they are without Augment.
	plain() Set
}

// newView returns v as a Set that knows of its clips what the set that they come from
// knows: it is Grouped and Labelled where that is.
func newView(v view, of Set) Set {
	grouped, hasGroups := of.(Grouped)
	labelled, hasLabels := of.(Labelled)
	switch {
	case hasGroups && hasLabels:
		return struct {
			view
			groupsOf
			labelsOf
		}{v, groupsOf{v, grouped}, labelsOf{v, labelled}}
	case hasGroups:
		return struct {
			view
			groupsOf
		}{v, groupsOf{v, grouped}}
	case hasLabels:
		return struct {
			view
			labelsOf
		}{v, labelsOf{v, labelled}}
	}
	return v
}

type groupsOf struct {
	seen view
	set  Grouped
}

func (g groupsOf) Group(p Part, i int) string { return g.set.Group(g.seen.origin(p, i)) }

type labelsOf struct {
	seen view
	set  Labelled
}

func (l labelsOf) Label(p Part, i int) int { return l.set.Label(l.seen.origin(p, i)) }

// plain returns the clips of s as they are without Augment.
func plain(s Set) Set {
	if v, ok := s.(view); ok {
		return v.plain()
	}
	return s
}
