package clipfiles

import (
	"hash/fnv"
	"math"
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

// Evenly lists so many of n steps at equal distances, or all where there are no more.
func Evenly(n, steps int) []int {
	wanted := make([]int, min(n, steps))
	for k := range wanted {
		wanted[k] = int(math.Round(float64(k) * float64(n-1) / math.Max(1, float64(len(wanted)-1))))
	}
	return wanted
}

// Taken lists the steps that are taken of the n that a file has.
func Taken(n int, s preprocess.Sampling, rng *rand.Rand) []int {
	switch {
	case s.Steps == preprocess.AllSteps || n <= s.Steps:
		return Evenly(n, n)
	case s.Sample == "even":
		return Evenly(n, s.Steps)
	}
	return slices.Sorted(slices.Values(rng.Perm(n)[:s.Steps]))
}
