package vector

import (
	"math"

	"golang.org/x/sys/cpu"
)

func ways() []way {
	with := func(many func(dst, src *float32, n int), one func(x float32) float32) func(dst, src []float32) {
		return func(dst, src []float32) { apply(dst, src, many, one) }
	}
	all := []way{{"sigmoid one by one", with(nil, sigmoid), logistic}, {"tanh one by one", with(nil, tanh), math.Tanh}}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		all = append(all, way{"sigmoid AVX2", with(sigmoid256, nil), logistic}, way{"tanh AVX2", with(tanh256, nil), math.Tanh})
	}
	if cpu.X86.HasAVX512F {
		all = append(all, way{"sigmoid AVX-512", with(sigmoid512, nil), logistic}, way{"tanh AVX-512", with(tanh512, nil), math.Tanh})
	}
	return all
}

func waysOfAdam() (all []func(w, g, m, v *float32, n int, r *AdamRates)) {
	if cpu.X86.HasAVX2 {
		all = append(all, adam256)
	}
	if cpu.X86.HasAVX512F {
		all = append(all, adam512)
	}
	return all
}
