package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Lines with tabs are drawn as tables, and all others stay.
func TestTables(t *testing.T) {
	require.Equal(t, "no table\n---\n\n a    │ b    │  c\n──────┼──────┼────\n x    │ 1·2  │  3\n long │ text │ 10\n\nend", tables("no table\n---\n\na\tb\tc\n---\nx\t1·2\t3\nlong\ttext\t10\n\nend"))
	require.Equal(t, " --- │ a class of that name\n", tables("---\ta class of that name\n"))
	require.Equal(t, "", tables(""))
}
