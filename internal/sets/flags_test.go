package sets

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBytes(t *testing.T) {
	var b Bytes
	for text, want := range map[string]int64{"500MB": 500e6, "1.5 GB": 15e8, "12": 12, "2tb": 2e12} {
		require.NoError(t, b.Set(text))
		require.EqualValues(t, want, b)
		var again Bytes
		require.NoError(t, again.Set(b.String()))
		require.Equal(t, b, again)
	}
}
