package tensorzoo

import (
	_ "github.com/jedib0t/go-pretty/v6/table"
	_ "go4.org/unsafe/assume-no-moving-gc"
	_ "gonum.org/v1/gonum/mat"
)
