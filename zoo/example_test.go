package zoo_test

import (
	"fmt"
	"log"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/graph"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// A model trained inside your own gorgonia program, on the cross-entropy and with
// gorgonia's solver, learns to tell sequences that rise from sequences that fall.
func ExampleModel_Build() {
	m, err := zoo.FromSpec(zoo.Spec{
		Cell: "gru", Format: decomp.TT{Ranks: []int{2}}, InModes: []int{2, 2}, OutModes: []int{2, 2},
	}, zoo.Options{Classes: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	// Eight sequences of three steps of four values. The rows of a target add up to
	// 1/batch, which makes the loss the mean.
	const batch, steps = 8, 3
	x := tensor.New(tensor.WithShape(batch, steps, 4), tensor.Of(tensor.Float32))
	target := tensor.New(tensor.WithShape(batch, 2), tensor.Of(tensor.Float32))
	for b := range batch {
		class := b % 2
		target.Data().([]float32)[2*b+class] = 1.0 / batch
		for k := range steps * 4 {
			x.Data().([]float32)[b*steps*4+k] = float32((1-2*class)*(k/4-1)*(b+1)) / batch
		}
	}

	g := gorgonia.NewGraph()
	input, err := graph.Input(g, "x", tensor.Float32, x.Shape(), x)
	if err != nil {
		log.Fatal(err)
	}
	wanted, err := graph.Input(g, "target", tensor.Float32, target.Shape(), target)
	if err != nil {
		log.Fatal(err)
	}
	net, err := m.Build(g, input, zoo.BuildOptions{Training: true})
	if err != nil {
		log.Fatal(err)
	}
	loss, err := graph.CrossEntropy(net.Logits, wanted)
	if err != nil {
		log.Fatal(err)
	}
	grads, err := graph.Grad(loss, net.Learnables...)
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.Compile(gorgonia.Nodes{loss, net.Logits}, grads, net.Learnables)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()

	solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(0.02))
	for step := range 41 {
		if err := program.Run(); err != nil {
			log.Fatal(err)
		}
		if step%20 == 0 {
			value, err := program.Scalar(loss)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("step %d: loss %.2f\n", step, value)
		}
		if err := solver.Step(gorgonia.NodesToValueGrads(net.Learnables)); err != nil {
			log.Fatal(err)
		}
	}
	correct := 0
	logits := program.Value(net.Logits).Data().([]float32)
	for b := range batch {
		if (logits[2*b] > logits[2*b+1]) == (b%2 == 0) {
			correct++
		}
	}
	fmt.Println(correct, "of", batch, "correct")
	// Output:
	// step 0: loss 0.64
	// step 20: loss 0.12
	// step 40: loss 0.01
	// 8 of 8 correct
}

// An entry of your own stands beside the ones of the papers.
func ExampleRegister() {
	zoo.Register(zoo.Entry{
		Name: "my-tt-gru",
		Spec: zoo.Spec{Cell: "gru", Format: decomp.TT{Ranks: []int{4}}, InModes: []int{8, 12, 12}, OutModes: []int{4, 4, 4}},
	})
	m, err := zoo.New("my-tt-gru", zoo.Options{Classes: 5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Spec().Format.Name(), m.Features(), m.Counts().InputToHidden)
	zoo.Unregister("my-tt-gru") // for the tests after this one
	// Output: tt 1152 1344
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
