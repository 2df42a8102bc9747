package compare

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCostTable(t *testing.T) {
	costs := []*Cost{{Model: "ht-lstm", StepMedian: 30, InputToHidden: 1245, Params: 267240, MulAdds: 2345678, Backend: "x"}, {Model: "lstm", Format: "dense", StepMedian: 300, Frame: 241.4, Backend: "x"}}
	out := CostTable(costs)
	require.Regexp(t, `ht-lstm +│ +30\.0 .* 10\.0 `, out)
	require.Regexp(t, `ht-lstm .* - │ `, out, "no frame alone")
	require.Contains(t, out, " 241 │")
	require.Regexp(t, ` 1,245 │ +267,240 │ +2,345,678 │`, out)
	require.Regexp(t, ` lstm +│ +300\.0 .* 1\.0 `, out)
}
