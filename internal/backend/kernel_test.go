package backend

import "testing"

// The kernels that are not chosen on this machine, or seldom, are tested too.
func TestMultiplyWithEveryKernel(t *testing.T) {
	chosen := kernels
	defer func() { kernels = chosen }()
	for _, k := range every() {
		kernels = []*kernel{k}
		t.Run(k.name, TestMultiply)
	}
}
