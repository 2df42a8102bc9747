package zoo_test

import (
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// A model trained inside your own gorgonia program learns to tell sequences that
// rise from sequences that fall.
func ExampleModel_Build() {
	spec, err := zoo.ParseSpec([]byte(`{"cell": "gru", "format": "tt", "in_modes": [2, 2], "out_modes": [2, 2], "ranks": [2], "classes": 2}`))
	if err != nil {
		log.Fatal(err)
	}
	m, err := zoo.FromSpec(spec, zoo.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	// Eight sequences of three steps of four values.
	const batch, steps = 8, 3
	var values, wanted []float32
	for b := range batch {
		rising := b%2 == 0
		for t := range steps {
			v := float32(t-1) * float32(b+1) / batch
			if !rising {
				v = -v
			}
			values = append(values, v, v, v, v)
		}
		if rising {
			wanted = append(wanted, 1, 0)
		} else {
			wanted = append(wanted, 0, 1)
		}
	}
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 3, G.WithName("x"), G.WithShape(batch, steps, 4),
		G.WithValue(tensor.New(tensor.WithShape(batch, steps, 4), tensor.WithBacking(values))))
	y := G.NewMatrix(g, tensor.Float32, G.WithName("y"), G.WithShape(batch, 2),
		G.WithValue(tensor.New(tensor.WithShape(batch, 2), tensor.WithBacking(wanted))))
	net, err := m.Build(g, x, zoo.BuildOptions{Training: true})
	if err != nil {
		log.Fatal(err)
	}
	diff := G.Must(G.Sub(net.Logits, y))
	loss := G.Must(G.Mean(G.Must(G.Square(diff))))
	if _, err := G.Grad(loss, net.Learnables...); err != nil {
		log.Fatal(err)
	}
	var logits G.Value
	G.Read(net.Logits, &logits)
	vm := G.NewTapeMachine(g, G.BindDualValues(net.Learnables...))
	defer vm.Close()
	solver := G.NewAdamSolver(G.WithLearnRate(0.05))
	for range 100 {
		if err := vm.RunAll(); err != nil {
			log.Fatal(err)
		}
		if err := solver.Step(G.NodesToValueGrads(net.Learnables)); err != nil {
			log.Fatal(err)
		}
		vm.Reset()
	}
	correct := 0
	for b := range batch {
		scores := logits.Data().([]float32)[2*b : 2*b+2]
		if (scores[0] > scores[1]) == (b%2 == 0) {
			correct++
		}
	}
	fmt.Println(correct, "of", batch, "correct")
	// Output: 8 of 8 correct
}

func ExampleList() {
	entries, err := zoo.List("[th]t-lstm-youtube")
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Name, e.PublishedParams)
	}
	// Output:
	// tt-lstm-youtube 3392
	// ht-lstm-youtube 810
}

func ExampleDescribe() {
	e, err := zoo.Find("ht-lstm")
	if err != nil {
		log.Fatal(err)
	}
	d, err := zoo.Describe(e)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.InputToHidden, d.RecurrentLayer, d.Model)
	// Output: 1245 264413 267240
}

// The whole recurrent layer as one network: what a dense layer has 59 million
// weights for.
func ExampleDescribe_joint() {
	e, err := zoo.Find("fdht-lstm")
	if err != nil {
		log.Fatal(err)
	}
	d, err := zoo.Describe(e)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.InputToHidden, d.RecurrentLayer, d.Model)
	fmt.Println(d.Dense.RecurrentLayer/d.RecurrentLayer, "times fewer than dense")
	// Output:
	// 3648 4672 7499
	// 12680 times fewer than dense
}

func ExampleNew() {
	m, err := zoo.New("tt-gru", zoo.Options{Classes: 8, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Features(), m.Counts().InputToHidden)
	// Output: 57600 3232
}
