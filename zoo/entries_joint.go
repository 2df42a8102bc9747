package zoo

import "github.com/tensorzoo/tensorzoo/decomp"

const fdPaper = "Yin et al.: Towards Extremely Compact RNNs for Video Recognition with Fully Decomposed Hierarchical Tucker Structure, 2021, arXiv 2104.05758"

// What the fully decomposed entries share with their publication is the idea. The
// paper's shapes and ranks are not reproduced here.
const (
	fdhtNote    = "one network for input and state, the paper's idea; modes, ranks and the place of the state in the padded input are ours. The paper's whole layers have 3,132 to 8,808 parameters"
	fdOtherNote = "the idea of FDHT-LSTM in another format: not published; modes and ranks are ours"
	fdCNNNote   = "; of 256 units, where the other cnn entries have 2,048: 2,048 units alone have 8,192 biases"
)

// joint is a format with the shapes at which it is one network for input and
// state.
type joint struct {
	name                string
	ucf11, youtube, cnn shape
}

// fdht has larger ranks than the HT of the input weights alone: it learned better
// with them (docs/formats/joint.md).
var fdht = decomp.HT{Leaf: []int{8}, Inner: []int{8}}

// Shapes of the fully decomposed layers: modes of the papers that decompose the
// input weights alone, and ranks that keep a whole layer, biases included, under
// 9,000 parameters.
var joints = []joint{
	{"fdht", shape{fdht, htUCF11.in, htUCF11.out}, shape{fdht, htYouTube.in, htYouTube.out}, shape{fdht, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}}},
	{"fdtt", ttUCF11, ttYouTube, shape{ttUCF11.format, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}}},
	{"fdtr", trUCF11, trUCF11, shape{decomp.TR{Ranks: []int{10, 5, 5, 5, 5, 5, 5, 5}}, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}}},
	{"fdbt", btUCF11, shape{btUCF11.format, ttYouTube.in, ttYouTube.out}, shape{btUCF11.format, []int{4, 8, 8, 8}, []int{4, 4, 4, 4}}},
}

// jointBoth reads clips in both directions: 8,096 values in its layer, and the best
// of those under 9,000 that docs/results compares.
var jointBoth = Entry{
	Name: "fdtt-bigru", Spec: ttUCF11.spec("gru", 11), Paper: fdPaper, Data: ucf11Data,
	Note: fdOtherNote + "; both directions of time, so it needs whole clips",
}

// jointEntries lists LSTM and GRU of every format at three shapes.
func jointEntries() []Entry {
	var es []Entry
	for _, set := range []struct {
		prefix, suffix, data string
		classes              int
		shape                func(joint) shape
	}{
		{"", "", ucf11Data, 11, func(j joint) shape { return j.ucf11 }},
		{"", "-ucf11", ucf11Data, 11, func(j joint) shape { return j.ucf11 }},
		{"", "-youtube", youtubeData, 47, func(j joint) shape { return j.youtube }},
		{"cnn-", "", ucf11Data, 11, func(j joint) shape { return j.cnn }},
		{"cnn-", "-ucf11", ucf11Data, 11, func(j joint) shape { return j.cnn }},
		{"cnn-", "-hmdb51", hmdb51Data, 51, func(j joint) shape { return j.cnn }},
	} {
		for _, j := range joints {
			for _, cell := range []string{"lstm", "gru"} {
				e := Entry{
					Name: set.prefix + j.name + "-" + cell + set.suffix, Spec: set.shape(j).spec(cell, set.classes),
					Paper: fdPaper, Data: set.data, Note: fdOtherNote,
				}
				e.Spec.Joint = true
				if j.name == "fdht" {
					e.Note = fdhtNote
				}
				if set.prefix != "" {
					e.Note += fdCNNNote
				}
				es = append(es, e)
			}
		}
	}
	both := jointBoth
	both.Spec.Joint, both.Spec.Bidirectional = true, true
	for _, suffix := range []string{"", "-ucf11"} {
		e := both
		e.Name += suffix
		es = append(es, e)
	}
	return es
}
