package preprocess_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

func TestCheckClip(t *testing.T) {
	for _, test := range []struct {
		steps int
		shape []int
		want  string
	}{
		{6, []int{120, 160, 3}, ""},
		{preprocess.AllSteps, []int{120, 160, 3}, ""},
		{preprocess.MaxSteps, []int{2047}, ""},
		{preprocess.MaxSteps, []int{2048}, "1048576 steps of shape [2048] are more than 2147483647 values; take fewer or smaller steps"},
		{preprocess.MaxSteps + 1, nil, "1048577 steps; want at most 1048576"},
		{1, []int{1 << 30, 1 << 30, 1 << 30}, "1 steps of shape [1073741824 1073741824 1073741824] are more than 2147483647 values; take fewer or smaller steps"},
	} {
		err := preprocess.CheckClip(test.steps, test.shape)
		if test.want == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, test.want)
		}
	}
	assert.EqualError(t, preprocess.Sampling{Steps: 1e9, Sample: "even"}.Check(), "1000000000 steps; want at most 1048576")
}
