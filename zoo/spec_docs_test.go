package zoo_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// docClasses is the number of classes that the documentation's counts assume.
const docClasses = 8

var (
	jsonBlock  = regexp.MustCompile("(?ms)^```json\n(.*?)^```\n")
	statedLine = regexp.MustCompile(`Counts: ([\d,]+) input-to-hidden, ([\d,]+) recurrent layers, ([\d,]+) model with 8 classes`)
)

// docSpec is a ```json block of a page.
type docSpec struct {
	spec zoo.Spec
	line int    // of the page, where the block starts
	text string // what stands between it and the next block or heading
}

func docSpecs(t *testing.T, page string) []docSpec {
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	doc := string(data)
	blocks := jsonBlock.FindAllStringSubmatchIndex(doc, -1)
	require.NotEmpty(t, blocks, "%s has no ```json block", page)
	var specs []docSpec
	for k, at := range blocks {
		d := docSpec{line: 1 + strings.Count(doc[:at[0]], "\n"), text: doc[at[1]:]}
		if k+1 < len(blocks) {
			d.text = doc[at[1]:blocks[k+1][0]]
		}
		d.text, _, _ = strings.Cut(d.text, "\n#")
		d.spec, err = zoo.ParseSpec([]byte(doc[at[2]:at[3]]))
		require.NoError(t, err, "%s:%d", page, d.line)
		specs = append(specs, d)
	}
	return specs
}

// checkCounts compares the numbers next to a block, and reports whether there
// are any.
func checkCounts(t *testing.T, d docSpec, got zoo.Counts) bool {
	stated := statedLine.FindStringSubmatch(d.text)
	if stated == nil {
		return false
	}
	var want [3]int
	for k := range want {
		n, err := strconv.Atoi(strings.ReplaceAll(stated[k+1], ",", ""))
		require.NoError(t, err)
		want[k] = n
	}
	require.Equal(t, zoo.Counts{InputToHidden: want[0], RecurrentLayer: want[1], Model: want[2]}, got)
	return true
}

// Every spec of docs/spec.md can be trained on the frames that cmd/train makes,
// learns in a graph that knows nothing of this module, and counts what the page
// says.
func TestDocumentedSpecs(t *testing.T) {
	const page = "../docs/spec.md"
	counted := 0
	for _, d := range docSpecs(t, page) {
		t.Run(fmt.Sprint("line ", d.line), func(t *testing.T) {
			m, err := zoo.FromSpec(d.spec, zoo.Options{Classes: docClasses, Seed: 1})
			require.NoError(t, err)
			j := int(math.Round(math.Sqrt(float64(m.Features()) / 36)))
			require.Equal(t, 36*j*j, m.Features(), "frames of 4j x 3j x 3 values")
			if checkCounts(t, d, m.Counts()) {
				counted++
			}
			checkLearns(t, m)
		})
	}
	require.NotZero(t, counted, "%s states no counts", page)
}

// Specs of the pages about formats have the papers' size; their counts are
// checked, without weights.
func TestDocumentedFormats(t *testing.T) {
	pages, err := filepath.Glob("../docs/formats/*.md")
	require.NoError(t, err)
	counted := 0
	for _, page := range pages {
		if filepath.Base(page) == "README.md" {
			continue
		}
		for _, d := range docSpecs(t, page) {
			d.spec.Classes = docClasses
			description, err := zoo.Describe(zoo.Entry{Spec: d.spec})
			require.NoError(t, err, "%s:%d", page, d.line)
			if checkCounts(t, d, description.Counts) {
				counted++
			}
		}
	}
	require.NotZero(t, counted)
}

// checkLearns runs the model on 2 random sequences of 3 steps and makes one step
// down the gradient, with gorgonia alone.
func checkLearns(t *testing.T, m *zoo.Model) {
	const batch, steps = 2, 3
	rng := rand.New(rand.NewPCG(1, 1))
	frames := make([]float32, batch*steps*m.Features())
	for k := range frames {
		frames[k] = float32(rng.NormFloat64())
	}
	wanted := make([]float32, batch*m.Classes())
	for b := range batch {
		wanted[b*m.Classes()+rng.IntN(m.Classes())] = 1
	}
	g := G.NewGraph()
	input := func(name string, data []float32, shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float32, len(shape), G.WithName(name), G.WithShape(shape...),
			G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))))
	}
	net, err := m.Build(g, input("x", frames, batch, steps, m.Features()), zoo.BuildOptions{})
	require.NoError(t, err)
	logp := G.Must(G.LogSoftMax(net.Logits, 1))
	loss := G.Must(G.Neg(G.Must(G.Sum(G.Must(G.HadamardProd(input("wanted", wanted, batch, m.Classes()), logp))))))
	var logits, value G.Value
	G.Read(net.Logits, &logits)
	G.Read(loss, &value)
	_, err = G.Grad(loss, net.Learnables...)
	require.NoError(t, err)
	vm := G.NewTapeMachine(g, G.BindDualValues(net.Learnables...))
	defer vm.Close()

	require.NoError(t, vm.RunAll())
	require.Equal(t, tensor.Shape{batch, m.Classes()}, logits.Shape())
	for _, v := range logits.Data().([]float32) {
		require.False(t, math.IsNaN(float64(v)) || math.IsInf(float64(v), 0), "logits are %v", logits)
	}
	before := value.Data().(float32)
	for _, n := range net.Learnables {
		grad, err := n.Grad()
		require.NoError(t, err, n.Name())
		require.NotZero(t, norm(grad), "gradient of %s", n.Name())
	}
	require.NoError(t, G.NewVanillaSolver(G.WithLearnRate(1e-2)).Step(G.NodesToValueGrads(net.Learnables)))
	vm.Reset()
	require.NoError(t, vm.RunAll())
	require.Less(t, value.Data().(float32), before, "the loss after a step down its gradient")
}

func norm(v G.Value) float64 {
	sum := 0.0
	for _, x := range v.Data().([]float32) {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
