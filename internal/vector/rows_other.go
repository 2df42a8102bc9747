//go:build !amd64 && !arm64

package vector

func rowsInVectors() bool { return false }

func lstmColumns(_, _, _, _, _, _, _, _ *float32, _, _, _ int) { panic("vector: not available") }

func lstmBackColumns(_, _, _, _, _, _, _ *float32, _, _, _ int) { panic("vector: not available") }

func gruColumns(_, _, _, _, _, _, _ *float32, _, _ int) { panic("vector: not available") }

func gruBackColumns(_, _, _, _, _, _, _ *float32, _, _ int) { panic("vector: not available") }
