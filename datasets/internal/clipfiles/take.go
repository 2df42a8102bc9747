package clipfiles

import (
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Seed makes the draw of a clip's steps the same wherever its file is.
func Seed(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(names.Key(filepath.Base(path))))
	return h.Sum64()
}

// Generator is what draw number k, from 0, of a clip's steps is made with. The first is
// the one that a set takes.
func Generator(seed uint64, k int) *rand.Rand { return rand.New(rand.NewPCG(seed, 1+uint64(k))) }

// Taken lists the steps that are taken of the n that a file has.
func Taken(n int, s preprocess.Sampling, rng *rand.Rand) []int {
	if s.Steps == preprocess.AllSteps || n <= s.Steps || s.Sample == "even" {
		return s.Even(n)
	}
	return slices.Sorted(slices.Values(rng.Perm(n)[:s.Steps]))
}
