package datasets

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPartString(t *testing.T) {
	assert.Equal(t, "train", Train.String())
	assert.Equal(t, "test", Test.String())
	assert.Equal(t, "validation", Validation.String())
	assert.Equal(t, "Part(7)", Part(7).String())
}
