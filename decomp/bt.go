package decomp

import (
	"fmt"
	"slices"
)

// BT is the block term decomposition (De Lathauwer 2008; as a recurrent layer
// Ye et al. 2018, arXiv 1712.05134): a sum of Tucker networks. Block b has a
// core C_b (R_1..R_d) and factors A_bk (n_k, m_k, R_k):
//
//	W[a_1..a_d, i_1..i_d] = Σ_b Σ_{r_1..r_d} C_b[r_1..r_d] A_b1[a_1,i_1,r_1] ··· A_bd[a_d,i_d,r_d]
type BT struct {
	Ranks  []int `json:"ranks,omitempty"`  // R_1..R_d of every block, or one for all
	Blocks int   `json:"blocks,omitempty"` // number of Tucker networks; 0 means 1
}

// Name returns "bt".
func (BT) Name() string { return "bt" }

// WithRank implements Ranked. The number of blocks stays.
func (f BT) WithRank(rank, _ int) Format { return BT{Ranks: []int{rank}, Blocks: f.Blocks} }

// Matrix lists, block by block, the core and the factors. A rank R_k above
// n_k·m_k, or above that product of all other modes, is an error.
func (f BT) Matrix(in, out []int) (*Matrix, error) {
	m, err := newModes("BT", in, out, true)
	if err != nil {
		return nil, err
	}
	if most := maxCores / (len(in) + 1); f.Blocks < 0 || f.Blocks > most {
		m.fail("has %d blocks; want 1 to %d of %d cores each", f.Blocks, most, len(in)+1)
		return nil, m.err
	}
	r := legs(Rank, "r", 1, m.ranks("ranks", f.Ranks, len(in)))
	for k := range in {
		m.atMost(fmt.Sprintf("rank %d", k+1), r[k].Size, func(mode int) bool { return mode == k })
	}
	blocks := make([]Network, max(1, f.Blocks))
	for b := range blocks {
		blocks[b] = Network{{Name: fmt.Sprintf("C%d", b+1), Legs: slices.Clone(r)}}
		for k := range in {
			blocks[b] = append(blocks[b], Core{Name: fmt.Sprintf("A%d.%d", b+1, k+1), Legs: []Leg{m.a[k], m.i[k], r[k]}})
		}
	}
	return m.matrix(blocks...)
}
