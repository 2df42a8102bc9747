// Package zoo holds ready-made tensor-decomposed recurrent classifiers and
// builds them, or ones of your own, into any gorgonia graph.
//
// A model is a recurrent stack of package cells and a linear classifier on its
// last state. Its weights live in the model; Build adds nodes that share them to
// the graph of your input node, and returns logits and learnables:
//
//	m, err := zoo.New("ht-lstm", zoo.Options{Classes: 8, Seed: 1})
//	g := gorgonia.NewGraph()
//	x := gorgonia.NewTensor(g, tensor.Float32, 3, gorgonia.WithShape(16, 6, 57600), gorgonia.WithName("x"))
//	net, err := m.Build(g, x, zoo.BuildOptions{Training: true})
//	// net.Logits is (16, 8); net.Learnables go to gorgonia.Grad and a solver
//
// A Predictor runs a trained model forward only, without a graph: one frame at a
// time, carrying the state over, or whole clips.
//
// List and Find search the registry. Each entry carries its paper, its data set
// and its published figures: the number of input-to-hidden weights, which the
// entry matches exactly (except for BT, whose later tables print a number that
// no such layer has), and the accuracy, which the authors measured on video that
// cannot be redistributed.
//
// A Spec, in Go or JSON, describes a model that is not in the registry; Suggest
// proposes one for given sizes and number of weights.
package zoo
