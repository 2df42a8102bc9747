package decomp

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// Range is the part Lo <= index < Hi of a mode.
type Range struct{ Lo, Hi int }

// Size returns the number of indices in the range.
func (r Range) Size() int { return r.Hi - r.Lo }

// Restrict returns a block of W (N, M): the rows whose k-th input index a_k is in
// the k-th range, and all columns,
//
//	B[a_1..a_d, i_1..i_e] = W[Lo_1+a_1, .., Lo_d+a_d, i_1..i_e],   a_k < Hi_k - Lo_k.
//
// It is the same network, each core cut along its input modes: a product with the
// block costs what its own sizes cost. Its Cores are those of W in their whole
// shapes, so that W and any of its blocks have one set of values and of nodes.
// Where a block does not reach, the gradient is zero.
//
// It returns an error when there is not one range per input mode, and when one is
// empty or reaches beyond its mode.
func (m *Matrix) Restrict(ranges []Range) (*Matrix, error) {
	if len(ranges) != len(m.In) {
		return nil, errors.Errorf("decomp: %s has %d input modes (%s), got %d ranges", m.Format, len(m.In), dims.Dots(Sizes(m.In)), len(ranges))
	}
	part := &Matrix{Format: m.Format, Out: m.Out, whole: m.Cores(), from: map[Leg]int{}}
	cut := map[Leg]Leg{}
	for k, l := range m.In {
		r := ranges[k]
		if r.Lo < 0 || r.Hi <= r.Lo || r.Hi > l.Size {
			return nil, errors.Errorf("decomp: %s: range %d to %d of input mode %d does not fit its size %d", m.Format, r.Lo, r.Hi, k+1, l.Size)
		}
		c := Leg{Kind: Input, Name: l.Name, Size: r.Size()}
		cut[l] = c
		part.In = append(part.In, c)
		part.from[c] = m.from[l] + r.Lo
	}
	for _, net := range m.Terms {
		parts := slices.Clone(net)
		for k := range parts {
			parts[k].Legs = slices.Clone(parts[k].Legs)
			for j, l := range parts[k].Legs {
				if l.Kind == Input {
					parts[k].Legs[j] = cut[l]
				}
			}
		}
		part.Terms = append(part.Terms, parts)
	}
	return part, nil
}

// parts returns the nodes of a network's cores, cut to what it reads, and without
// ranks that no other core has.
func (m *Matrix) parts(net Network, cores G.Nodes, index map[string]int) (G.Nodes, error) {
	nodes := make(G.Nodes, len(net))
	for k, c := range net {
		n := cores[index[c.Name]]
		var err error
		for axis, l := range slices.Backward(c.Legs) {
			if l.Kind == Input {
				n, err = graph.Slice(n, axis, m.from[l], m.from[l]+l.Size)
			} else if net.dangling(l) {
				n, err = graph.Sum(n, axis)
			}
			if err != nil {
				return nil, errors.Wrapf(err, "decomp: %s core %s", m.Format, c.Name)
			}
		}
		nodes[k] = n
	}
	return nodes, nil
}
