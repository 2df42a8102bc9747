package backend

// Cost estimates the nanoseconds of Multiply of float32 on one core. The figures
// of each backend were fitted by least squares to 828 shapes that contractions
// are made of, with inner sizes of 2 to 400,000, on an AMD EPYC ("Turin"); the root
// mean square error is 21 % for gonum, 24 % for go-avx2, 27 % for OpenBLAS. What
// a plan chooses rests on the ratios, which machines share.
func Cost(p Products) float64 {
	return float64(p.Count) * cost(p, float64(p.Rows), float64(p.Cols), float64(p.Inner))
}
