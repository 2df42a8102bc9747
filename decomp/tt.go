package decomp

import (
	"fmt"
	"slices"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// TT is the tensor train (Oseledets 2011; as a recurrent layer Yang, Krompass
// and Tresp 2017, arXiv 1707.01786). Core G_k has shape
// (r_{k-1}, n_k, m_k, r_k) with r_0 = r_d = 1:
//
//	W[a_1..a_d, i_1..i_d] = G_1[:,a_1,i_1,:] · G_2[:,a_2,i_2,:] ··· G_d[:,a_d,i_d,:]
//
// with Σ r_{k-1} n_k m_k r_k parameters.
type TT struct {
	// Ranks r_1..r_{d-1}, or one for all; the two ends of 1 may stand too.
	Ranks []int `json:"ranks,omitempty"`
}

// Name returns "tt".
func (TT) Name() string { return "tt" }

// WithRank implements Ranked.
func (TT) WithRank(rank, _ int) Format { return TT{Ranks: []int{rank}} }

// Matrix lists G1..Gd. A rank r_k above the product of n·m on either side of it is an error.
func (f TT) Matrix(in, out []int) (*Matrix, error) {
	m, err := newModes("TT", in, out, true)
	if err != nil {
		return nil, err
	}
	d, inner := len(in), f.Ranks
	if len(inner) == d+1 {
		if inner[0] != 1 || inner[d] != 1 {
			m.fail("ranks %s start and end with 1, or leave the ends out", dims.Dots(inner))
		}
		inner = inner[1:d]
	}
	r := legs(Rank, "r", 0, slices.Concat([]int{1}, m.ranks("ranks", inner, d-1), []int{1}))
	net := make(Network, d)
	for k := range net {
		net[k] = Core{Name: fmt.Sprintf("G%d", k+1), Legs: []Leg{r[k], m.a[k], m.i[k], r[k+1]}}
		m.atMost(fmt.Sprintf("rank %d", k), r[k].Size, func(mode int) bool { return mode < k })
	}
	return m.matrix(net)
}
