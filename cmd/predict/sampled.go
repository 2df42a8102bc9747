package main

import (
	"fmt"
	"io"

	"github.com/tensorzoo/tensorzoo/datasets/video"
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
// is to be the same however it comes to the model.
func (f *flags) choose(r *video.Reader, dir string) (sampled, error) {
	random := f.sample == "random"
	switch all := r.Sampling.Steps == preprocess.AllSteps; {
	case all && random:
		return sampled{}, badf("the model of %s reads every frame of a clip, and nothing is drawn; leave -sample random out", dir)
	case all:
		return sampled{Sample: "all"}, nil
	}
	r.Sampling.Sample = f.sample
	if !random {
		return sampled{Sample: f.sample}, nil
	}
	r.Seed, r.Draws = f.seed, f.draws
	return sampled{Sample: f.sample, Draws: f.draws, Seed: &f.seed}, nil
}

// announce says how the frames of clips are taken: above a table, and beside CSV. JSON
// has it in each object.
func (p *predictor) announce(stderr io.Writer) {
	switch {
	case p.flags.csv:
		fmt.Fprint(stderr, p.caption())
	case !p.flags.js:
		p.out.caption = p.caption()
	}
}

// caption is the line above a table that says how the frames of clips were taken.
func (p *predictor) caption() string {
	what := "frames"
	if p.reader.Features() {
		what = "steps"
	}
	steps := p.reader.Sampling.Steps
	switch {
	case p.how.Sample == "all":
		return fmt.Sprintf("all %s of a clip are read\n", what)
	case p.how.Draws > 1:
		return fmt.Sprintf("mean of %d draws of %d %s of a clip, by -seed %d\n", p.how.Draws, steps, what, *p.how.Seed)
	case p.how.Draws == 1:
		return fmt.Sprintf("%d %s of a clip are read, drawn by -seed %d\n", steps, what, *p.how.Seed)
	}
	return fmt.Sprintf("%d %s of a clip are read, at equal distances\n", steps, what)
}
