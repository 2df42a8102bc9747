package main

import (
	"fmt"

	"github.com/tensorzoo/tensorzoo/preprocess"
)

// sampled is how the frames of a clip were taken, as every answer says.
type sampled struct {
	Sample string  `json:"sample,omitempty"` // even, random, or all
	Draws  int     `json:"draws,omitempty"`  // whose probabilities were averaged
	Seed   *uint64 `json:"seed,omitempty"`   // of the draws
}

// choose makes the reader take the frames that the flags say, as many as the model of a
// checkpoint reads. How a training set was sampled does not matter: an answer for a clip
// is to be the same however it comes to the model. It keeps what answers say of that.
func (p *predictor) choose(dir string) error {
	f, what := p.flags, "frames"
	if p.reader.Features() {
		what = "steps"
	}
	n := p.reader.Sampling.Steps
	switch {
	case n == preprocess.AllSteps && f.sample == "random":
		return badf("the model of %s reads every frame of a clip, and nothing is drawn; leave -sample random out", dir)
	case n == preprocess.AllSteps:
		p.how, p.caption = sampled{Sample: "all"}, fmt.Sprintf("all %s of a clip are read\n", what)
		return nil
	case f.sample == "even":
		p.how, p.caption = sampled{Sample: f.sample}, fmt.Sprintf("%d %s of a clip are read, at equal distances\n", n, what)
	case f.draws == 1:
		p.caption = fmt.Sprintf("%d %s of a clip are read, drawn by -seed %d\n", n, what, f.seed)
	default:
		p.caption = fmt.Sprintf("mean of %d draws of %d %s of a clip, by -seed %d\n", f.draws, n, what, f.seed)
	}
	p.reader.Sampling.Sample = f.sample
	if f.sample == "random" {
		p.how = sampled{Sample: f.sample, Draws: f.draws, Seed: &f.seed}
		p.reader.Seed, p.reader.Draws = f.seed, f.draws
	}
	return nil
}
