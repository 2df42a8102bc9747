package zoo_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/zoo"
)

// recounted is what the test reads of a description in JSON: sizes, and the counts that
// they are to make.
type recounted struct {
	Classes       int `json:"classes"`
	InputToHidden int `json:"params_input_to_hidden"`
	Layer         int `json:"params_recurrent_layer"`
	Model         int `json:"params_model"`
	Layers        []struct {
		Features   int               `json:"features"`
		Hidden     int               `json:"hidden"`
		Directions int               `json:"directions"`
		Weights    []recountedMatrix `json:"weights"`
		Bias       int               `json:"bias"`
	} `json:"layers"`
}

type recountedMatrix struct {
	Role     string `json:"role"`
	Format   string `json:"format"`
	In       []int  `json:"in_modes"`
	Out      []int  `json:"out_modes"`
	Ranks    []int  `json:"ranks"`
	Blocks   int    `json:"blocks"`
	Cores    []struct{ Shape []int }
	Declared int `json:"params"`
}

// byFormula counts weights from modes and ranks, as the pages about the formats do. Of
// HT, whose tree decides, there are the cores alone.
func (w recountedMatrix) byFormula() (n int) {
	switch w.Format {
	case "dense":
		return multiplied(w.In) * multiplied(w.Out)
	case "tt":
		for k := range w.In {
			n += w.Ranks[k] * w.In[k] * w.Out[k] * w.Ranks[k+1]
		}
		return n
	case "tr":
		for k, size := range append(append([]int{}, w.In...), w.Out...) {
			n += w.Ranks[k] * size * w.Ranks[(k+1)%len(w.Ranks)]
		}
		return n
	case "bt":
		n = multiplied(w.Ranks)
		for k := range w.In {
			n += w.In[k] * w.Out[k] * w.Ranks[k]
		}
		return w.Blocks * n
	}
	return w.byCores()
}

func (w recountedMatrix) byCores() (n int) {
	for _, c := range w.Cores {
		n += multiplied(c.Shape)
	}
	return max(1, w.Blocks) * n
}

// Every weight of a model is counted again from the JSON of its description alone.
func TestRecounted(t *testing.T) {
	all, err := described()
	require.NoError(t, err)
	entries, err := zoo.List("")
	require.NoError(t, err)
	specs := map[string]zoo.Spec{}
	for _, e := range entries {
		specs[e.Name] = e.Spec
	}
	for name, text := range map[string]string{
		"stacked": `{"cell": "gru", "format": "bt", "blocks": 3, "ranks": [2], "in_modes": [16, 12, 12], "out_modes": [4, 4, 4], "classes": 5,
			"recurrent": {"format": "tt", "ranks": [3]}, "upper": [{"format": "ht", "leaf_ranks": [2], "inner_ranks": [2], "share_transfer": true}, {"out_modes": [8, 8]}]}`,
		"bidirectional": `{"cell": "lstm", "format": "tr", "ranks": [3], "in_modes": [6, 4], "out_modes": [4, 2, 2], "bidirectional": true,
			"recurrent": {"format": "bt", "ranks": [2, 2, 2]}, "upper": [{"format": "tt", "ranks": [2]}], "classes": 3}`,
		"joint":  `{"cell": "rnn", "format": "ht", "leaf_ranks": [2], "in_modes": [6, 4], "out_modes": [4, 4], "joint": true, "upper": [{"format": "bt", "blocks": 2, "ranks": [2]}], "classes": 2}`,
		"padded": `{"cell": "gru", "format": "tt", "ranks": [2], "in_modes": [4, 8], "out_modes": [4, 4], "features": 29, "classes": 2}`,
		"biased": `{"cell": "gru", "format": "tt", "ranks": [2], "in_modes": [4, 8], "out_modes": [4, 4], "candidate_bias": true, "bidirectional": true, "upper": [{}], "classes": 2}`,
		"tree":   `{"cell": "gru", "format": "ht", "leaf_ranks": [2], "inner_ranks": [3], "root_rank": 2, "tree": [[[1, 2], 3], [4, 5]], "in_modes": [2, 3, 4, 3, 2], "out_modes": [2, 2, 2, 2, 2], "classes": 9}`,
	} {
		s, err := zoo.ParseSpec([]byte(text))
		require.NoError(t, err, name)
		d, err := zoo.Describe(zoo.Entry{Name: name, Spec: s})
		require.NoError(t, err, name)
		all, specs[name] = append(all, d), s
	}
	for _, d := range all {
		text, err := json.Marshal(d)
		require.NoError(t, err)
		var r recounted
		require.NoError(t, json.Unmarshal(text, &r))

		input, layers, features := 0, 0, 0
		for k, l := range r.Layers {
			require.True(t, k == 0 || l.Features == features, d.Name)
			for _, w := range l.Weights {
				require.Equal(t, w.Declared, w.byCores(), d.Name)
				require.Equal(t, w.Declared, w.byFormula(), d.Name)
				bias := multiplied(w.Out)
				if specs[d.Name].CandidateBias {
					bias += l.Hidden
				}
				require.Equal(t, l.Bias, bias, d.Name)
				layers += l.Directions * w.byCores()
				if w.Role == "input-to-hidden" || w.Role == "joint" {
					input += l.Directions * w.byCores()
				}
			}
			layers += l.Directions * l.Bias
			features = l.Directions * l.Hidden
		}
		require.Equal(t, r.InputToHidden, input, d.Name)
		require.Equal(t, r.Layer, layers, d.Name)
		require.Equal(t, r.Model, layers+(features+1)*r.Classes, d.Name)
		if r.Model < 1e6 { // what a model has
			m, err := zoo.FromSpec(specs[d.Name], zoo.Options{})
			require.NoError(t, err, d.Name)
			values := 0
			for _, p := range m.Params() {
				values += p.Value.Shape().TotalSize()
			}
			require.Equal(t, values, r.Model, d.Name)
		}
	}
}
