package zoo

import "github.com/tensorzoo/tensorzoo/decomp"

// Papers.
const (
	ttPaper = "Yang, Krompass, Tresp: Tensor-Train Recurrent Neural Networks for Video Classification, 2017, arXiv 1707.01786"
	btPaper = "Ye et al.: Learning Compact Recurrent Neural Networks with Block-Term Tensor Decomposition, 2018, arXiv 1712.05134"
	trPaper = "Pan et al.: Compressing Recurrent Neural Networks with Tensor Ring for Action Recognition, 2019, arXiv 1811.07503"
	htPaper = "Yin et al.: Compressing Recurrent Neural Networks Using Hierarchical Tucker Tensor Decomposition, 2020, arXiv 2005.04366"
)

// Shapes of the papers: frames of 160x120 RGB, 57,600 values, into 256 units.
var (
	dense57600 = shape{decomp.Dense{}, []int{57600}, []int{256}}
	ttUCF11    = shape{decomp.TT{Ranks: []int{4, 4, 4}}, []int{8, 20, 20, 18}, []int{4, 4, 4, 4}}
	ttYouTube  = shape{decomp.TT{Ranks: []int{4, 4, 4}}, []int{4, 20, 20, 36}, []int{4, 4, 4, 4}}
	btUCF11    = shape{decomp.BT{Ranks: []int{4, 4, 4, 4}, Blocks: 2}, []int{8, 20, 20, 18}, []int{4, 4, 4, 4}}
	// The rank that closes the ring is 10, all others are 5.
	trUCF11 = shape{decomp.TR{Ranks: []int{10, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}},
		[]int{4, 2, 5, 8, 6, 5, 3, 2}, []int{4, 4, 2, 4, 2}}
	htUCF11   = shape{decomp.HT{Leaf: []int{4}, Inner: []int{5}}, []int{8, 10, 10, 9, 8}, []int{4, 4, 2, 4, 2}}
	htYouTube = shape{decomp.HT{Leaf: []int{3}, Inner: []int{3}}, []int{8, 10, 10, 9, 8}, []int{4, 4, 2, 4, 2}}

	// CNN features, 2048 a frame.
	denseCNN = shape{decomp.Dense{}, []int{2048}, []int{2048}}
	trCNN    = shape{decomp.TR{Ranks: []int{40, 60, 48, 48}}, []int{64, 32}, []int{32, 64}}
	htCNN    = shape{decomp.HT{Leaf: []int{4}, Inner: []int{5}}, []int{4, 8, 8, 8}, []int{4, 8, 8, 8}}
)

const (
	ucf11Data   = "UCF11"
	youtubeData = "YouTube Celebrities Faces"
	hmdb51Data  = "HMDB51"

	btNote = "3,392 is what two blocks of rank 4 count and what the authors' compression ratio of 17,388 gives; later tables print 3,387, which no such layer has"
	// The tables give LSTM rows only; what a GRU of the same shape counts is
	// arithmetic, its accuracy was not published.
	gruNote   = "not in the papers' UCF11 tables; the LSTM row's shape with three gates"
	htCNNNote = "the paper gives no modes or ranks for this row; these are ours"
	trCNNNote = "modes and ranks of the authors' public benchmark code"
)

type shape struct {
	format  decomp.Format
	in, out []int
}

func (s shape) spec(cell string, classes int) Spec {
	return Spec{Cell: cell, Format: s.format, InModes: s.in, OutModes: s.out, Classes: classes}
}

func init() {
	for _, e := range registry() {
		Register(e)
	}
}

// registry makes the list. Each UCF11 model stands under its plain name, where
// the caller's data say how many classes there are, and under its data set's.
func registry() []Entry {
	var es []Entry
	ucf := []Entry{
		{Name: "lstm", Spec: dense57600.spec("lstm", 11), Paper: ttPaper, PublishedParams: 58_982_400, PublishedAccuracy: 69.7},
		{Name: "gru", Spec: dense57600.spec("gru", 11), Paper: ttPaper, Note: gruNote},
		{Name: "tt-lstm", Spec: ttUCF11.spec("lstm", 11), Paper: ttPaper, PublishedParams: 3_360, PublishedAccuracy: 79.6},
		{Name: "tt-gru", Spec: ttUCF11.spec("gru", 11), Paper: ttPaper, Note: gruNote},
		{Name: "tr-lstm", Spec: trUCF11.spec("lstm", 11), Paper: trPaper, PublishedParams: 1_725, PublishedAccuracy: 86.9},
		{Name: "tr-gru", Spec: trUCF11.spec("gru", 11), Paper: trPaper, Note: gruNote},
		{Name: "bt-lstm", Spec: btUCF11.spec("lstm", 11), Paper: btPaper, PublishedParams: 3_387, PublishedAccuracy: 85.3, Note: btNote},
		{Name: "bt-gru", Spec: btUCF11.spec("gru", 11), Paper: btPaper, Note: gruNote},
		{Name: "ht-lstm", Spec: htUCF11.spec("lstm", 11), Paper: htPaper, PublishedParams: 1_245, PublishedAccuracy: 87.2},
		{Name: "ht-gru", Spec: htUCF11.spec("gru", 11), Paper: htPaper, Note: gruNote},
	}
	for _, suffix := range []string{"", "-ucf11"} {
		for _, e := range ucf {
			e.Name += suffix
			e.Data = ucf11Data
			es = append(es, e)
		}
	}
	for _, e := range []Entry{
		{Name: "lstm", Spec: dense57600.spec("lstm", 47), Paper: ttPaper, PublishedParams: 58_982_400, PublishedAccuracy: 33.2},
		{Name: "tt-lstm", Spec: ttYouTube.spec("lstm", 47), Paper: ttPaper, PublishedParams: 3_392, PublishedAccuracy: 75.5},
		{Name: "tt-gru", Spec: ttYouTube.spec("gru", 47), Paper: ttPaper, PublishedParams: 3_328, PublishedAccuracy: 80.0},
		{Name: "ht-lstm", Spec: htYouTube.spec("lstm", 47), Paper: htPaper, PublishedParams: 810, PublishedAccuracy: 88.1},
	} {
		e.Name += "-youtube"
		e.Data = youtubeData
		es = append(es, e)
	}
	for _, set := range []struct {
		suffix, data string
		classes      int
		accuracy     [3]float64
	}{
		{"", ucf11Data, 11, [3]float64{92.3, 93.8, 98.1}},
		{"-ucf11", ucf11Data, 11, [3]float64{92.3, 93.8, 98.1}},
		{"-hmdb51", hmdb51Data, 51, [3]float64{62.9, 63.8, 64.2}},
	} {
		es = append(es,
			Entry{Name: "cnn-lstm" + set.suffix, Spec: denseCNN.spec("lstm", set.classes), Paper: trPaper, Data: set.data, PublishedParams: 16_777_216, PublishedAccuracy: set.accuracy[0]},
			Entry{Name: "cnn-tr-lstm" + set.suffix, Spec: trCNN.spec("lstm", set.classes), Paper: trPaper, Data: set.data, PublishedAccuracy: set.accuracy[1], Note: trCNNNote},
			Entry{Name: "cnn-ht-lstm" + set.suffix, Spec: htCNN.spec("lstm", set.classes), Paper: htPaper, Data: set.data, PublishedAccuracy: set.accuracy[2], Note: htCNNNote},
		)
	}
	return append(es, jointEntries()...)
}
