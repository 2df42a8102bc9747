package preprocess_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

func TestEven(t *testing.T) {
	for _, test := range []struct {
		steps, n int
		want     []int
	}{
		{6, 6, []int{0, 1, 2, 3, 4, 5}},
		{6, 3, []int{0, 1, 2}},
		{3, 10, []int{0, 5, 9}}, // 4.5 goes up
		{4, 11, []int{0, 3, 7, 10}},
		{1, 10, []int{0}},
		{2, 1, []int{0}},
		{preprocess.AllSteps, 4, []int{0, 1, 2, 3}},
		{6, 0, []int{}},
	} {
		assert.Equal(t, test.want, preprocess.Sampling{Steps: test.steps}.Even(test.n), "%d of %d", test.steps, test.n)
	}
}
