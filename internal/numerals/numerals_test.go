package numerals

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumerals(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 58982400: "58,982,400"} {
		require.Equal(t, want, Thousands(n))
	}
	require.Equal(t, "1 step", Counted(1, "step"))
	require.Equal(t, "6 steps", Counted(6, "step"))
}
