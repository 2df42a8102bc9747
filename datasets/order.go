package datasets

import "math/rand/v2"

// Order returns the numbers from 0 to n-1 in an order fixed by seed and epoch:
// shuffled anew in every epoch, yet the same whenever a run is repeated. It is
// empty when n is not positive.
func Order(n int, seed uint64, epoch int) []int {
	return rand.New(rand.NewPCG(seed, uint64(epoch))).Perm(max(n, 0))
}
