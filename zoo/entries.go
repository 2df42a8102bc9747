package zoo

import "github.com/tensorzoo/tensorzoo/decomp"

// Papers.
const (
	ttPaper = "Yang, Krompass, Tresp: Tensor-Train Recurrent Neural Networks for Video Classification, 2017, arXiv 1707.01786"
	btPaper = "Ye et al.: Learning Compact Recurrent Neural Networks with Block-Term Tensor Decomposition, 2018, arXiv 1712.05134"
	trPaper = "Pan et al.: Compressing Recurrent Neural Networks with Tensor Ring for Action Recognition, 2019, arXiv 1811.07503"
	htPaper = "Yin et al.: Compressing Recurrent Neural Networks Using Hierarchical Tucker Tensor Decomposition, 2020, arXiv 2005.04366"
	fdPaper = "Yin et al.: Towards Extremely Compact RNNs for Video Recognition with Fully Decomposed Hierarchical Tucker Structure, 2021, arXiv 2104.05758"
)

// Data sets that have recipes of their own.
const youtubeData, hmdb51Data = "YouTube Celebrities Faces", "HMDB51"

// Notes.
const (
	btNote = "3,392 is what two blocks of rank 4 count and what the authors' compression ratio of 17,388 gives; later tables print 3,387, which no such layer has"
	// The tables give LSTM rows only; what a GRU of the same shape counts is
	// arithmetic, its accuracy was not published.
	gruNote   = "not in the papers' UCF11 tables; the LSTM row's shape with three gates"
	htCNNNote = "the paper gives no modes or ranks for this row; these are ours"
	trCNNNote = "modes and ranks of the authors' public benchmark code"

	// What the fully decomposed entries share with their publication is the idea. The
	// paper's shapes and ranks are not reproduced here.
	fdhtNote    = "one network for input and state, the paper's idea; modes, ranks and the place of the state in the padded input are ours. The paper's whole layers have 3,132 to 8,808 parameters"
	fdOtherNote = "the idea of FDHT-LSTM in another format: not published; modes and ranks are ours"
	fdCNNNote   = "; of 256 units, where the other cnn entries have 2,048: 2,048 units alone have 8,192 biases"
	bothNote    = "; both directions of time, so it needs whole clips"
)

// shape is a format for modes.
type shape struct {
	format  decomp.Format
	in, out []int
}

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
	htYouTube = shape{decomp.HT{Leaf: []int{3}, Inner: []int{3}}, htUCF11.in, htUCF11.out}

	// CNN features, 2048 a frame.
	denseCNN = shape{decomp.Dense{}, []int{2048}, []int{2048}}
	trCNN    = shape{decomp.TR{Ranks: []int{40, 60, 48, 48}}, []int{64, 32}, []int{32, 64}}
	htCNN    = shape{decomp.HT{Leaf: []int{4}, Inner: []int{5}}, []int{4, 8, 8, 8}, []int{4, 8, 8, 8}}
)

// Shapes of the fully decomposed layers: modes of the papers that decompose the
// input weights alone, and ranks that keep a whole layer, biases included, under
// 9,000 parameters. HT has larger ranks than for the input weights alone: it learned
// better with them (docs/formats/joint.md).
var (
	fdht       = decomp.HT{Leaf: []int{8}, Inner: []int{8}}
	jointUCF11 = []shape{{fdht, htUCF11.in, htUCF11.out}, ttUCF11, trUCF11, btUCF11}
	jointTube  = []shape{{fdht, htUCF11.in, htUCF11.out}, ttYouTube, trUCF11, {btUCF11.format, ttYouTube.in, ttYouTube.out}}
	jointCNN   = []shape{
		{fdht, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}}, {ttUCF11.format, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}},
		{decomp.TR{Ranks: []int{10, 5, 5, 5, 5, 5, 5, 5}}, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}}, {btUCF11.format, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}},
	}
)

// row is an entry for each of some data sets.
type row struct {
	name, cell string
	shape      shape
	paper      string
	params     int
	accuracy   float64
	note       string
}

// Rows of the papers' tables.
var (
	ucf11Rows = []row{
		{"lstm", "lstm", dense57600, ttPaper, 58_982_400, 69.7, ""},
		{"gru", "gru", dense57600, ttPaper, 0, 0, gruNote},
		{"tt-lstm", "lstm", ttUCF11, ttPaper, 3_360, 79.6, ""},
		{"tt-gru", "gru", ttUCF11, ttPaper, 0, 0, gruNote},
		{"tr-lstm", "lstm", trUCF11, trPaper, 1_725, 86.9, ""},
		{"tr-gru", "gru", trUCF11, trPaper, 0, 0, gruNote},
		{"bt-lstm", "lstm", btUCF11, btPaper, 3_387, 85.3, btNote},
		{"bt-gru", "gru", btUCF11, btPaper, 0, 0, gruNote},
		{"ht-lstm", "lstm", htUCF11, htPaper, 1_245, 87.2, ""},
		{"ht-gru", "gru", htUCF11, htPaper, 0, 0, gruNote},
	}
	youtubeRows = []row{
		{"lstm", "lstm", dense57600, ttPaper, 58_982_400, 33.2, ""},
		{"tt-lstm", "lstm", ttYouTube, ttPaper, 3_392, 75.5, ""},
		{"tt-gru", "gru", ttYouTube, ttPaper, 3_328, 80.0, ""},
		{"ht-lstm", "lstm", htYouTube, htPaper, 810, 88.1, ""},
	}
	cnnUCF11Rows = []row{
		{"lstm", "lstm", denseCNN, trPaper, 16_777_216, 92.3, ""},
		{"tr-lstm", "lstm", trCNN, trPaper, 0, 93.8, trCNNNote},
		{"ht-lstm", "lstm", htCNN, htPaper, 0, 98.1, htCNNNote},
	}
	cnnHMDB51Rows = []row{
		{"lstm", "lstm", denseCNN, trPaper, 16_777_216, 62.9, ""},
		{"tr-lstm", "lstm", trCNN, trPaper, 0, 63.8, trCNNNote},
		{"ht-lstm", "lstm", htCNN, htPaper, 0, 64.2, htCNNNote},
	}
)

// sets are the data sets, UCF11 twice: under a model's plain name the caller's data
// say how many classes there are.
var sets = []struct {
	prefix, suffix, data string
	classes              int
	rows                 []row
	joint                []shape
}{
	{"", "", "UCF11", 11, ucf11Rows, jointUCF11},
	{"", "-ucf11", "UCF11", 11, ucf11Rows, jointUCF11},
	{"", "-youtube", youtubeData, 47, youtubeRows, jointTube},
	{"cnn-", "", "UCF11", 11, cnnUCF11Rows, jointCNN},
	{"cnn-", "-ucf11", "UCF11", 11, cnnUCF11Rows, jointCNN},
	{"cnn-", "-hmdb51", hmdb51Data, 51, cnnHMDB51Rows, jointCNN},
}

func init() {
	for _, set := range sets {
		for _, r := range set.rows {
			Register(r.entry(set.prefix+r.name+set.suffix, set.data, set.classes))
		}
	}
	for _, set := range sets {
		for _, s := range set.joint {
			for _, cell := range []string{"lstm", "gru"} {
				r := row{cell: cell, shape: s, paper: fdPaper, note: fdOtherNote}
				if s.format.Name() == fdht.Name() {
					r.note = fdhtNote
				}
				if set.prefix != "" {
					r.note += fdCNNNote
				}
				e := r.entry(set.prefix+"fd"+s.format.Name()+"-"+cell+set.suffix, set.data, set.classes)
				e.Spec.Joint = true
				Register(e)
			}
		}
	}
	// 8,096 values in its layer, and the best of those under 9,000 that docs/results
	// compares.
	for _, name := range []string{"fdtt-bigru", "fdtt-bigru-ucf11"} {
		e := row{cell: "gru", shape: ttUCF11, paper: fdPaper, note: fdOtherNote + bothNote}.entry(name, "UCF11", 11)
		e.Spec.Joint, e.Spec.Bidirectional = true, true
		Register(e)
	}
}

func (r row) entry(name, data string, classes int) Entry {
	e := Entry{
		Name: name, Spec: Spec{Cell: r.cell, Format: r.shape.format, InModes: r.shape.in, OutModes: r.shape.out, Classes: classes},
		Paper: r.paper, Data: data, PublishedParams: r.params, PublishedAccuracy: r.accuracy, Note: r.note,
	}
	e.Recipe = recipeOf(e)
	return e
}
