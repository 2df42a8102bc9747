package zoo

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/cells"
	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/dims"
)

// SuggestOptions are the sizes, the format and the budget of a proposal.
type SuggestOptions struct {
	Cell     string // lstm, gru or rnn
	Format   string // one of SuggestedFormats
	Features int    // values of a step
	Hidden   int    // hidden units
	// Budget is the most input-to-hidden weights allowed, all gates together:
	// what the papers' tables and Counts.InputToHidden count.
	Budget int
}

// SuggestedFormats lists the formats that Suggest knows: the registered ones that are decomp.Ranked.
func SuggestedFormats() []string {
	return slices.DeleteFunc(decomp.Formats(), func(name string) bool { return ranked(name) == nil })
}

// ranked returns the format of that name if one rank determines it.
func ranked(name string) decomp.Ranked {
	f, _ := decomp.ParseFormat(name, nil)
	r, _ := f.(decomp.Ranked)
	return r
}

// BudgetError is Suggest's error for a budget that no rank meets.
type BudgetError struct {
	SuggestOptions
	Least int // the smallest budget that would do; 0 where none does
	Dense int // weights of a dense matrix, which a proposal must not exceed either
}

// Error quotes the budget and the least one, or says that dense weights are fewer.
func (e *BudgetError) Error() string {
	if e.Least == 0 {
		return fmt.Sprintf("zoo: no %s of %d features and %d hidden units has at most the %d input-to-hidden weights of a dense matrix; leave it dense",
			e.Format, e.Features, e.Hidden, e.Dense)
	}
	return fmt.Sprintf("zoo: a budget of %d input-to-hidden weights is too small for %s, which takes at least %d for %d features and %d hidden units",
		e.Budget, e.Format, e.Least, e.Features, e.Hidden)
}

// Limits of Suggest: a 4K frame in colour has 3/4 of these features. With four gates the dense matrix of
// the two sizes has 2^40 elements, the most that package decomp allows.
const (
	maxFeatures = 1 << 25
	maxHidden   = 1 << 13
	maxBudget   = 1 << 30
)

// Suggest returns a spec of one recurrent layer whose input-to-hidden weights are in the wanted format
// and number at most the budget, and no more than those of a dense matrix of the wanted sizes. Its
// Classes are left out, and its hidden-to-hidden weights are dense.
//
// Both sizes are factorised into 2 to 6 modes, the same number of each, that add up to at most a quarter
// more than equal ones would. A size without such modes is replaced by the next one that has them: the
// model then appends zeros to the features of a step (InModes multiply to more than Features), or has
// more hidden units than were wanted (Hidden). The gates go to the smallest output mode, which is the
// first.
//
// All ranks are equal, and the largest that meet the budget. Of the candidates
// with different numbers of modes, Suggest prefers, in this order:
//
//   - any rank before 1, at which the modes do not interact;
//   - the wanted number of hidden units before more;
//   - no appended zeros before some;
//   - for bt, two blocks, as in its paper, before one;
//   - the largest rank;
//   - the fewest modes: at equal rank, two modes merged into one express no less.
//
// It returns a *BudgetError when the budget, or a dense matrix, is too small for a rank of 1, and an
// error that quotes the field when a wanted size, cell or format is invalid.
func Suggest(w SuggestOptions) (Spec, error) {
	cell, err := w.check()
	if err != nil {
		return Spec{}, err
	}
	var found []candidate
	least, dense := math.MaxInt, w.Features*w.Hidden*len(cell.Gates())
	most := min(w.Budget, dense)
	for modes := 2; modes <= 6; modes++ {
		for _, c := range w.candidates(cell, modes) {
			least = min(least, c.params(1))
			c.rank = sort.Search(most, func(k int) bool { return c.params(k+1) > most })
			if c.rank > 0 {
				found = append(found, c)
			}
		}
	}
	if len(found) == 0 {
		if least > dense {
			least = 0
		}
		return Spec{}, &BudgetError{SuggestOptions: w, Least: least, Dense: dense}
	}
	c := slices.MaxFunc(found, func(a, b candidate) int { return slices.Compare(a.merits(w), b.merits(w)) })
	return Spec{Cell: w.Cell, Format: c.format.WithRank(c.rank, len(c.in)), InModes: c.in, OutModes: c.out, Features: w.Features, Hidden: dims.Size(c.out)}, nil
}

func (w SuggestOptions) check() (cells.Cell, error) {
	cell, err := cells.Find(w.Cell)
	if err != nil {
		return cell, errors.Wrap(err, "zoo: suggest")
	}
	if known := SuggestedFormats(); !slices.Contains(known, w.Format) {
		return cell, errors.Errorf("zoo: suggest: no format %q%s", w.Format, didyoumean.Hint(w.Format, known))
	}
	for _, n := range []struct {
		what      string
		got, most int
	}{{"features", w.Features, maxFeatures}, {"hidden units", w.Hidden, maxHidden}, {"input-to-hidden weights", w.Budget, maxBudget}} {
		if n.got < 1 || n.got > n.most {
			return cell, errors.Errorf("zoo: suggest: %d %s; want 1 to %d", n.got, n.what, n.most)
		}
	}
	return cell, nil
}

// candidate is a shape with one rank for all.
type candidate struct {
	format       decomp.Ranked // but for its rank
	gates        int
	in, out      []int // modes, those of the output without the gates
	blocks, rank int
}

// candidates lists the shapes of so many modes, without their ranks.
func (w SuggestOptions) candidates(cell cells.Cell, modes int) []candidate {
	in, out := paired(factorise(w.Features, modes), factorise(w.Hidden, modes), len(cell.Gates()))
	c := candidate{format: ranked(w.Format), gates: len(cell.Gates()), in: in, out: out}
	if _, sum := c.format.(decomp.BT); !sum {
		return []candidate{c}
	}
	two := c
	c.blocks, c.format = 1, decomp.BT{Blocks: 1}
	two.blocks, two.format = 2, decomp.BT{Blocks: 2}
	return []candidate{c, two}
}

// params counts the input-to-hidden weights of a rank; one that the modes do not
// allow counts more than any budget.
func (c candidate) params(rank int) int {
	folded := slices.Clone(c.out)
	folded[0] *= c.gates
	m, err := c.format.WithRank(rank, len(c.in)).Matrix(c.in, folded)
	if err != nil {
		return math.MaxInt
	}
	return m.Params()
}

// merits are what Suggest prefers candidates by; the first that differs decides.
func (c candidate) merits(w SuggestOptions) []int {
	one := map[bool]int{true: 1}
	return []int{one[c.rank > 1], one[dims.Size(c.out) == w.Hidden], one[dims.Size(c.in) == w.Features], c.blocks, c.rank, -len(c.in)}
}

// unbalanced is the largest excess of the sum of a size's modes over that of
// equal ones, as a fraction of the latter.
const unbalanced = 0.25

// factorise returns d balanced modes, in rising order, of n or of the next size that has any.
func factorise(n, d int) []int {
	for ; ; n++ { // to the next power of 2 at most
		equal := float64(d) * root(n, d)
		if modes := balanced(n, d, 1, equal*(1+unbalanced)); modes != nil {
			return modes
		}
	}
}

// balanced returns the d factors of n, in rising order from least on, that have
// the smallest sum, or nil when none is at most the given one.
func balanced(n, d, least int, most float64) (modes []int) {
	if float64(d)*root(n, d) > most+1e-6 {
		return nil // equal factors have the smallest sum there could be
	}
	if d == 1 {
		return []int{n}
	}
	for first := least; first <= int(root(n, d)+1e-6); first++ {
		if n%first != 0 {
			continue
		}
		if rest := balanced(n/first, d-1, first, most-float64(first)); rest != nil {
			modes = append([]int{first}, rest...)
			most = -1 // the next ones have to be better
			for _, m := range modes {
				most += float64(m)
			}
		}
	}
	return modes
}

// paired puts input and output modes, both in rising order, into the order in which a format has few
// weights. The gates, which multiply the first output mode, go to the smallest one. Cores count products
// of an input and an output mode, whose sum is least when the largest of one side meets the smallest of
// the other. A train counts those at its two ends once for a rank and the others for a square of it, so
// that a large product stands at the end.
func paired(in, out []int, gates int) (inModes, outModes []int) {
	type pair struct{ in, out, folded int }
	pairs := make([]pair, len(out))
	for k, m := range out {
		pairs[k] = pair{out: m, folded: m}
	}
	pairs[0].folded *= gates
	gated := pairs[0]
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.folded, a.folded) })
	at := slices.Index(pairs, gated)
	for k := range pairs {
		pairs[k].in = in[k]
	}
	pairs[0], pairs[at] = pairs[at], pairs[0]
	slices.SortStableFunc(pairs[1:], func(a, b pair) int { return cmp.Compare(a.in*a.folded, b.in*b.folded) })
	for _, p := range pairs {
		inModes, outModes = append(inModes, p.in), append(outModes, p.out)
	}
	return inModes, outModes
}

func root(n, d int) float64 { return math.Pow(float64(n), 1/float64(d)) }
