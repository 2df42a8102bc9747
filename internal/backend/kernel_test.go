package backend

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas/gonum"
	"gorgonia.org/gorgonia"
)

// The kernels that are not chosen on this machine, or seldom, are tested too.
func TestMultiplyWithEveryKernel(t *testing.T) {
	chosen := kernels
	defer func() { kernels = chosen }()
	for _, k := range every() {
		kernels = []*kernel{k}
		t.Run(k.name, TestMultiply)
	}
}

// Processors get their own kernel without being asked.
func TestFastestGo(t *testing.T) {
	of := map[string][]string{"amd64": {"go-avx512", "go-avx2", "gonum"}, "arm64": {"go-neon"}}
	want, vectors := of[runtime.GOARCH]
	if !vectors {
		want = []string{"gonum"}
	}
	require.Contains(t, want, fastestGo().name)
	require.Equal(t, fastestGo() != plainGo, fastestTile().Available())
}

func TestAChosenBLASStays(t *testing.T) {
	defer gorgonia.Use(gorgonia.WhichBLAS())
	require.IsType(t, implementation{}, gorgonia.WhichBLAS())
	chosen := struct{ gonum.Implementation }{}
	gorgonia.Use(chosen)
	install()
	require.Equal(t, chosen, gorgonia.WhichBLAS())
	gorgonia.Use(gonum.Implementation{}) // gorgonia's own
	install()
	require.IsType(t, implementation{}, gorgonia.WhichBLAS())
}
