package backend

// Cost estimates the nanoseconds of Multiply of float32 on one core. The figures
// of each backend were fitted by least squares to 828 shapes that contractions
// are made of, with inner sizes of 2 to 400,000, on an AMD EPYC ("Turin"), and
// then shortened. The fits were 21 % (gonum), 24 % (go-avx2) and 27 % (OpenBLAS)
// off in the root mean square, up to four times for a few shapes. What a plan
// chooses rests on the ratios, which machines share.
func Cost(p Products) float64 {
	return float64(p.Count) * cost(p, float64(p.Rows), float64(p.Cols), float64(p.Inner))
}
