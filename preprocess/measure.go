package preprocess

import "math"

// Levels measures the normalisation of bytes, a piece at a time. Its sums are
// integers and so exact, whatever the number of values or their order.
type Levels struct {
	sum, squares []uint64 // one for each channel
	at           int      // channel of the next value
	n            uint64   // values
}

// NewLevels returns Levels that measure each channel separately; 1 channel
// measures all values as one.
func NewLevels(channels int) *Levels {
	return &Levels{sum: make([]uint64, channels), squares: make([]uint64, channels)}
}

// Add takes further values, which continue where the last ones ended: the
// channel of the first follows that of the last one before.
func (m *Levels) Add(x []uint8) {
	m.n += uint64(len(x))
	if len(m.sum) == 1 {
		var sum, squares uint64
		for _, v := range x {
			sum += uint64(v)
			squares += uint64(v) * uint64(v)
		}
		m.sum[0] += sum
		m.squares[0] += squares
		return
	}
	c, sums, squares := m.at, m.sum, m.squares[:len(m.sum)]
	for _, v := range x {
		sums[c] += uint64(v)
		squares[c] += uint64(v) * uint64(v)
		if c++; c == len(sums) {
			c = 0
		}
	}
	m.at = c
}

// Normalisation returns the mean and the population standard deviation of each
// channel. A channel of one level has nothing to scale: its Std is 1.
func (m *Levels) Normalisation() Normalisation {
	channels := len(m.sum)
	n := float64(max(m.n/uint64(channels), 1))
	out := Normalisation{Mean: make([]float64, channels), Std: make([]float64, channels)}
	for c := range channels {
		mean := float64(m.sum[c]) / n
		out.Mean[c] = mean
		// The conversion keeps the compiler from fusing the product into the
		// difference, which would give other bits on other processors.
		out.Std[c] = positive(math.Sqrt(float64(m.squares[c])/n - float64(mean*mean)))
	}
	return out
}

// Values measures the normalisation of float32 values, a piece at a time, with
// the updates of Welford (Technometrics 4, 1962): they lose no digits when the
// mean is far from zero. The values count in the order they come in, so the
// same values give the same bits, however they are cut into pieces.
type Values struct {
	mean, squares []float64 // squares are those of the distances to the mean
	at            int       // channel of the next value
	n             uint64    // values per channel up to that one
	inverse       float64   // 1/n
}

// NewValues returns Values that measure each channel separately; 1 channel
// measures all values as one.
func NewValues(channels int) *Values {
	return &Values{mean: make([]float64, channels), squares: make([]float64, channels)}
}

// Add takes further values, which must be finite. They continue where the last
// ones ended: the channel of the first follows that of the last one before.
func (m *Values) Add(x []float32) {
	for _, v := range x {
		c := m.at
		if c == 0 {
			m.n++
			m.inverse = 1 / float64(m.n)
		}
		// The conversions keep the compiler from fusing a product into a sum.
		before := float64(v) - m.mean[c]
		m.mean[c] += float64(before * m.inverse)
		m.squares[c] += float64(before * (float64(v) - m.mean[c]))
		if m.at++; m.at == len(m.mean) {
			m.at = 0
		}
	}
}

// Normalisation returns the mean and the population standard deviation of each
// channel. A channel of one value has nothing to scale: its Std is 1.
func (m *Values) Normalisation() Normalisation {
	n := float64(max(m.n, 1))
	out := Normalisation{Mean: make([]float64, len(m.mean)), Std: make([]float64, len(m.mean))}
	for c := range m.mean {
		out.Mean[c] = m.mean[c]
		out.Std[c] = positive(math.Sqrt(m.squares[c] / n))
	}
	return out
}

func positive(std float64) float64 {
	if std > 0 {
		return std
	}
	return 1
}
