package zoo_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// trained saves a small model, as a training would, and returns its folder.
func trained() (dir string, remove func()) {
	top, err := os.MkdirTemp("", "zoo")
	if err != nil {
		log.Fatal(err)
	}
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "lstm", Format: decomp.TT{Ranks: []int{2}}, InModes: []int{3, 2}, OutModes: []int{2, 2},
	}, zoo.Options{Classes: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	m.ClassNames = []string{"falls", "rises"}
	dir = filepath.Join(top, "best")
	if err := m.Save(dir); err != nil {
		log.Fatal(err)
	}
	return dir, func() { os.RemoveAll(top) }
}

// A checkpoint in your own program: the class of one sequence of 4 steps.
func ExampleLoad() {
	dir, remove := trained()
	defer remove()

	m, err := zoo.Load(dir)
	if err != nil {
		log.Fatal(err)
	}
	const batch, steps = 1, 4
	values := make([]float32, batch*steps*m.Features())
	for k := range values {
		values[k] = float32(k) / 10
	}
	if m.Input != nil { // what package train learned of the data
		m.Input.Apply(values)
	}
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 3, G.WithName("x"), G.WithShape(batch, steps, m.Features()),
		G.WithValue(tensor.New(tensor.WithShape(batch, steps, m.Features()), tensor.WithBacking(values))))
	net, err := m.Build(g, x, zoo.BuildOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var logits G.Value
	G.Read(net.Logits, &logits)
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		log.Fatal(err)
	}
	scores := logits.Data().([]float32)
	best := 0
	for k, s := range scores {
		if s > scores[best] {
			best = k
		}
	}
	fmt.Println(len(scores), "scores; it", m.ClassNames[best])
	// Output: 2 scores; it falls
}

// A checkpoint that is part of the program, with
//
//	//go:embed best
//	var files embed.FS
//
// Here os.DirFS stands for files.
func ExampleLoadFS() {
	dir, remove := trained()
	defer remove()
	files := os.DirFS(filepath.Dir(dir))

	m, err := zoo.LoadFS(files, "best")
	if err != nil {
		log.Fatal(err)
	}
	p, err := m.Predictor(1)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	clip := make([]float32, 4*m.Features()) // as stored: bytes of frames from 0 to 255
	for k := range clip {
		clip[k] = float32(k) / 10
	}
	guesses, err := p.Classify(clip)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range guesses {
		fmt.Printf("%s %.2f\n", g.Class, g.Probability)
	}
	// Output:
	// falls 0.54
	// rises 0.46
}

// Freezing the cores: only the classifier of a loaded model is trained further.
// A gorgonia program freezes a parameter by taking no gradient of it; package
// train has Config.Freeze, and cmd/train the flag -freeze.
func ExampleModel_Build_freeze() {
	dir, remove := trained()
	defer remove()
	m, err := zoo.Load(dir)
	if err != nil {
		log.Fatal(err)
	}
	core := append([]float32{}, m.Params()[0].Value.Data().([]float32)...)

	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 3, G.WithName("x"), G.WithShape(2, 3, 6), G.WithInit(G.GlorotN(1)))
	net, err := m.Build(g, x, zoo.BuildOptions{Training: true})
	if err != nil {
		log.Fatal(err)
	}
	var head G.Nodes
	for _, n := range net.Learnables {
		if strings.HasPrefix(n.Name(), "head.") {
			head = append(head, n)
		}
	}
	loss := G.Must(G.Mean(G.Must(G.Square(net.Logits))))
	if _, err := G.Grad(loss, head...); err != nil {
		log.Fatal(err)
	}
	vm := G.NewTapeMachine(g, G.BindDualValues(head...))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		log.Fatal(err)
	}
	before := fmt.Sprint(m.Params()[len(m.Params())-2].Value.Data())
	if err := G.NewAdamSolver(G.WithLearnRate(0.1)).Step(G.NodesToValueGrads(head)); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the classifier moved:", before != fmt.Sprint(m.Params()[len(m.Params())-2].Value.Data()))
	fmt.Println("a core did not:", fmt.Sprint(core) == fmt.Sprint(m.Params()[0].Value.Data()))
	// Output:
	// the classifier moved: true
	// a core did not: true
}
