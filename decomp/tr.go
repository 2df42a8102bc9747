package decomp

import (
	"fmt"
	"math"
	"slices"

	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// TR is the tensor ring (Zhao et al. 2016; as a recurrent layer Pan et al.
// 2019, arXiv 1811.07503). Input cores P_k (R_{k-1}, n_k, R_k), then output
// cores Q_k (R_{d+k-1}, m_k, R_{d+k}), and the last rank is the first,
// R_{d+e} = R_0:
//
//	W[a_1..a_d, i_1..i_e] = trace(P_1[:,a_1,:] ··· P_d[:,a_d,:] · Q_1[:,i_1,:] ··· Q_e[:,i_e,:])
//
// The numbers of input and output modes, d and e, may differ.
type TR struct {
	// Ranks R_0..R_{d+e-1}, or one for all.
	Ranks []int `json:"ranks,omitempty"`
}

// Name returns "tr".
func (TR) Name() string { return "tr" }

// WithRank implements Ranked.
func (TR) WithRank(rank, _ int) Format { return TR{Ranks: []int{rank}} }

// Matrix lists P1..Pd and Q1..Qe. A rank larger than its neighbour in the ring
// times the mode between them is an error: the core could absorb the rest.
func (f TR) Matrix(in, out []int) (*Matrix, error) {
	m, err := newModes("TR", in, out, false)
	if err != nil {
		return nil, err
	}
	mode := slices.Concat(m.a, m.i)
	sizes := m.ranks("ranks", f.Ranks, len(mode))
	r := legs(Rank, "R", 0, sizes)
	r = append(r, r[0])
	net := make(Network, len(mode))
	for k, l := range mode {
		name := fmt.Sprintf("P%d", k+1)
		if k >= len(in) {
			name = fmt.Sprintf("Q%d", k-len(in)+1)
		}
		net[k] = Core{Name: name, Legs: []Leg{r[k], l, r[k+1]}}
		for _, side := range [][2]Leg{{r[k], r[k+1]}, {r[k+1], r[k]}} {
			if most := min(float64(side[1].Size)*float64(l.Size), math.MaxInt32); float64(side[0].Size) > most {
				m.fail("ranks %s: %s is %d, but core %s of mode %d and %s = %d allow at most %.0f",
					dims.Dots(sizes), side[0].Name, side[0].Size, name, l.Size, side[1].Name, side[1].Size, most)
			}
		}
	}
	return m.matrix(net)
}
