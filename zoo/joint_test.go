package zoo_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// The fully decomposed layers, core by core, by hand: the first input mode has a
// slab more for the state's 256 units, the first output mode the gates.
func TestJointCounts(t *testing.T) {
	for name, c := range map[string]struct {
		network, biases int
	}{
		// Both directions.
		"fdtt-bigru": {2 * (9*12*4 + 1280 + 1280 + 288), 2 * 768},
		// Leaves 9·(g·4)·8, 10·4·8, 10·2·8, 9·4·8, 8·2·8; transfer tensors 8·8·8; root 8·8.
		"fdht-lstm":         {9*16*8 + 320 + 160 + 288 + 128 + 3*512 + 64, 1024},
		"fdht-gru":          {9*12*8 + 320 + 160 + 288 + 128 + 3*512 + 64, 768},
		"fdht-lstm-youtube": {9*16*8 + 320 + 160 + 288 + 128 + 3*512 + 64, 1024},
		"fdht-gru-youtube":  {9*12*8 + 320 + 160 + 288 + 128 + 3*512 + 64, 768},
		"cnn-fdht-lstm":     {5*16*8 + 3*8*4*8 + 2*512 + 64, 1024},
		"cnn-fdht-gru":      {5*12*8 + 3*8*4*8 + 2*512 + 64, 768},
		// Cores (9, g·4, 4), (4, 20, 4, 4), (4, 20, 4, 4), (4, 18, 4).
		"fdtt-lstm":         {9*16*4 + 1280 + 1280 + 288, 1024},
		"fdtt-gru":          {9*12*4 + 1280 + 1280 + 288, 768},
		"fdtt-lstm-youtube": {5*16*4 + 1280 + 1280 + 576, 1024},
		"fdtt-gru-youtube":  {5*12*4 + 1280 + 1280 + 576, 768},
		"cnn-fdtt-lstm":     {5*16*4 + 512 + 512 + 128, 1024},
		"cnn-fdtt-gru":      {5*12*4 + 512 + 512 + 128, 768},
		// The ring closes with 10, all other ranks are 5.
		"fdtr-lstm":         {10*5*5 + 50 + 125 + 200 + 150 + 125 + 75 + 50 + 5*16*5 + 100 + 50 + 100 + 100, 1024},
		"fdtr-gru":          {10*5*5 + 50 + 125 + 200 + 150 + 125 + 75 + 50 + 5*12*5 + 100 + 50 + 100 + 100, 768},
		"fdtr-lstm-youtube": {10*5*5 + 50 + 125 + 200 + 150 + 125 + 75 + 50 + 5*16*5 + 100 + 50 + 100 + 100, 1024},
		"fdtr-gru-youtube":  {10*5*5 + 50 + 125 + 200 + 150 + 125 + 75 + 50 + 5*12*5 + 100 + 50 + 100 + 100, 768},
		"cnn-fdtr-lstm":     {10*5*5 + 3*200 + 5*16*5 + 100 + 100 + 200, 1024},
		"cnn-fdtr-gru":      {10*5*5 + 3*200 + 5*12*5 + 100 + 100 + 200, 768},
		// Two blocks: a core of 4^4 and factors n·m·4.
		"fdbt-lstm":         {2 * (256 + 9*16*4 + 320 + 320 + 288), 1024},
		"fdbt-gru":          {2 * (256 + 9*12*4 + 320 + 320 + 288), 768},
		"fdbt-lstm-youtube": {2 * (256 + 5*16*4 + 320 + 320 + 576), 1024},
		"fdbt-gru-youtube":  {2 * (256 + 5*12*4 + 320 + 320 + 576), 768},
		"cnn-fdbt-lstm":     {2 * (256 + 5*16*4 + 3*128), 1024},
		"cnn-fdbt-gru":      {2 * (256 + 5*12*4 + 3*128), 768},
	} {
		for _, suffix := range []string{"", "-ucf11", "-hmdb51"} {
			e, err := zoo.Find(name + suffix)
			if suffix != "" && err != nil {
				continue
			}
			require.NoError(t, err)
			classes := map[string]int{"UCF11": 11, "YouTube Celebrities Faces": 47, "HMDB51": 51}[e.Data]
			d, err := zoo.Describe(e)
			require.NoError(t, err)
			require.Equal(t, 256, d.Hidden, e.Name)
			width := d.Hidden
			if e.Spec.Bidirectional {
				width *= 2
			}
			require.Equal(t, zoo.Counts{
				InputToHidden: c.network, RecurrentLayer: c.network + c.biases, Model: c.network + c.biases + (width+1)*classes,
			}, d.Counts, e.Name)
			require.Less(t, d.RecurrentLayer, 9000, e.Name)
			require.True(t, d.Joint)
			require.NotEmpty(t, d.Note)
		}
	}
	es, err := zoo.List("*fd*")
	require.NoError(t, err)
	require.Len(t, es, 50)
}

// The gradient of every weight of a small fdht-lstm, classifier and all, against
// central differences in float64; the weights have the names of a checkpoint.
func TestJointModelGradients(t *testing.T) {
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "lstm", Format: decomp.HT{Leaf: []int{2}, Inner: []int{3}},
		InModes: []int{3, 2, 2}, OutModes: []int{2, 1, 2}, Joint: true, Classes: 3,
	}, zoo.Options{Seed: 1, Dtype: tensor.Float64})
	require.NoError(t, err)
	var names []string
	for _, p := range m.Params() {
		names = append(names, p.Name)
	}
	require.Equal(t, []string{
		"layer1.joint.U1", "layer1.joint.U2", "layer1.joint.B1.2", "layer1.joint.U3", "layer1.joint.root", "layer1.bias", "head.weight", "head.bias",
	}, names)

	g := G.NewGraph()
	x := make([]float64, 2*3*12)
	for k, v := range frames(len(x)) {
		x[k] = float64(v)
	}
	in, err := graph.Input(g, "x", tensor.Float64, tensor.Shape{2, 3, 12}, tensor.New(tensor.WithShape(2, 3, 12), tensor.WithBacking(x)))
	require.NoError(t, err)
	net, err := m.Build(g, in, zoo.BuildOptions{})
	require.NoError(t, err)
	loss, err := graph.SumAll(G.Must(G.HadamardProd(net.Logits, net.Logits)))
	require.NoError(t, err)
	grads, err := graph.Grad(loss, net.Learnables...)
	require.NoError(t, err)
	program, err := graph.Compile(G.Nodes{loss}, grads, net.Learnables)
	require.NoError(t, err)
	defer program.Close()
	at := func() float64 {
		require.NoError(t, program.Run())
		v, err := program.Scalar(loss)
		require.NoError(t, err)
		return v
	}
	at()
	var found [][]float64
	for _, n := range net.Learnables {
		v, err := n.Grad()
		require.NoError(t, err)
		found = append(found, append([]float64{}, v.Data().([]float64)...))
	}
	const h = 1e-5
	for k, p := range m.Params() {
		values := p.Value.Data().([]float64)
		for j, old := range values {
			values[j] = old + h
			up := at()
			values[j] = old - h
			down := at()
			values[j] = old
			require.InDelta(t, (up-down)/(2*h), found[k][j], 1e-7, "%s, element %d", p.Name, j)
		}
	}
}

// A joint model comes back from its checkpoint with the bits it had, and
// computes the same.
func TestJointCheckpoint(t *testing.T) {
	m, err := zoo.New("fdht-gru", zoo.Options{Classes: 8, Seed: 2})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "m")
	require.NoError(t, m.Save(dir))
	got, err := zoo.Load(dir)
	require.NoError(t, err)
	require.True(t, got.Spec().Joint)
	require.Equal(t, m.Counts(), got.Counts())
	x := frames(2 * 3 * m.Features())
	require.Equal(t, built(t, m, x, 2, 3, nil), built(t, got, x, 2, 3, nil))
}

// At the papers' size the predictor computes what the graph for training does.
func TestJointPredictor(t *testing.T) {
	for _, name := range []string{"fdht-lstm", "fdtt-gru", "cnn-fdtr-lstm", "cnn-fdbt-gru"} {
		e, err := zoo.Find(name)
		require.NoError(t, err)
		m := newModel(t, e.Spec)
		p, err := m.Predictor(2)
		require.NoError(t, err)
		x := frames(2 * 3 * m.Features())
		got, err := p.Clip(x, 3, nil)
		require.NoError(t, err)
		near(t, built(t, m, x, 2, 3, nil), got, name)
		require.NoError(t, p.Close())
	}
}
