// Package zoo holds ready-made tensor-decomposed recurrent models and builds them,
// or ones of your own, into any gorgonia graph.
//
// A model is a recurrent stack of package cells with a linear classifier on its
// last state, or headless, without one. Build adds nodes that share the model's
// weights to the graph of your input node x, (batch, steps, n_1, ..., n_d):
//
//	m, err := zoo.New("ht-lstm", zoo.Options{Classes: 8, Seed: 1})
//	net, err := m.Build(g, x, zoo.BuildOptions{Training: true})
//	// net.Logits goes to graph.CrossEntropy, net.Learnables to graph.Grad and a solver
//
// A Predictor runs a trained model forward only, without a graph: frame by frame,
// or whole clips, as they are stored or normalised before.
//
// List and Find search the registry, and Register adds to it. An entry has its paper's figures:
// input-to-hidden weights, which it matches exactly (but for BT, whose later tables print a number that
// no such layer has), and accuracy, which the authors measured on video that cannot be redistributed. A
// Spec, in Go or JSON, describes any other model; Suggest proposes one for given sizes.
package zoo
