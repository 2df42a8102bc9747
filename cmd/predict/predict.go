// Command predict says what clips show, with a model that cmd/train has trained.
//
//	go run ./cmd/predict -checkpoint runs/ht-lstm clip.mp4
//	go run ./cmd/predict -checkpoint runs/ht-lstm -json clips
//	go run ./cmd/predict -checkpoint runs/mine -csv data.npz
//	camera | go run ./cmd/predict -checkpoint runs/ht-lstm -follow -
//	go run ./cmd/predict -checkpoint runs/ht-lstm -annotate out.mp4 clip.mp4
//
// See -h for all flags.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/interrupt"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

func main() {
	err := run(interrupt.Context(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if errors.Is(err, context.Canceled) {
		err = cmdline.Interrupted("predict: interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, names.Line(err.Error()))
	}
	os.Exit(cmdline.ExitCode(err))
}

// run is the command.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	f, helped, err := parse(args, stdout)
	if err != nil || helped {
		return err
	}
	p, err := f.load()
	if err != nil {
		return err
	}
	defer p.close(ctx)
	clips := f.sources
	if !f.stream() {
		if clips, err = find(clips, p.reader.Features()); err != nil {
			return err
		}
	}
	if err := f.checkClips(clips, p.reader.Features()); err != nil {
		return err
	}
	p.stdin, p.out = stdin, printer{flags: f, w: stdout, stderr: stderr}
	if isNPZ(clips[0]) {
		return p.sequences(ctx, clips[0])
	}
	p.out.begin(clips, p.names, p.caption)
	if f.follow {
		err = interruptible(ctx, func() error { return p.follow(ctx, clips[0]) })
	} else {
		err = p.all(ctx, len(clips), p.ahead(ctx, clips))
	}
	if err != nil || f.annotate == "" {
		return err
	}
	return p.annotate(ctx, clips[0])
}

// predictor is a model with all that is known of its input.
type predictor struct {
	flags   *flags
	trained *zoo.Model
	model   *zoo.Predictor
	reader  video.Reader
	stdin   io.Reader
	names   []string // of the classes, by number where the model has none
	out     printer

	how     sampled  // frames are taken of a clip
	caption string   // the same in a line, above a table and beside CSV
	answers []answer // that -annotate draws
}

// close leaves a model alone that may still be at work, after an interrupt.
func (p *predictor) close(ctx context.Context) {
	if ctx.Err() == nil {
		p.model.Close()
	}
}

// load reads the checkpoint.
func (f *flags) load() (*predictor, error) {
	if !cmdline.IsFolder(f.checkpoint) {
		return nil, badf("-checkpoint %s: there is no such folder", f.checkpoint)
	}
	dir := train.CheckpointDir(f.checkpoint)
	if _, err := os.Stat(filepath.Join(dir, durable.Sums)); err != nil {
		return nil, badf("-checkpoint %s holds none: there is no file %s; a run has one after its first epoch", dir, durable.Sums)
	}
	m, err := zoo.Load(dir)
	switch {
	case err != nil:
		return nil, cmdline.Usage{Err: err}
	case f.follow && m.Spec().Bidirectional:
		return nil, badf("the model of %s is bidirectional: it reads a clip from its end too, and cannot follow; leave -follow out", dir)
	case m.Input == nil:
		return nil, badf("the checkpoint %s does not say what its model reads; one that cmd/train wrote does", dir)
	}
	p := &predictor{flags: f, trained: m}
	equal, err := m.Guesses(make([]float32, m.Classes())) // every class in its order, none being likelier
	if err != nil {
		return nil, cmdline.Usage{Err: err}
	}
	for _, g := range equal {
		p.names = append(p.names, g.Class)
	}
	p.reader = video.Reader{StepShape: m.Input.StepShape, Sampling: m.Input.Taken(), Normalisation: m.Input.Normalisation, Unpadded: m.Input.Sampling == nil, Limit: f.limit}
	if err := p.choose(dir); err != nil {
		return nil, err
	}
	if err := p.reader.Check(); err != nil && !slices.ContainsFunc(f.sources, isNPZ) { // whose steps have any shape
		return nil, badf("the model of %s: %s", dir, reason("", err))
	}
	if p.model, err = m.Predictor(f.draws); err != nil {
		return nil, cmdline.Usage{Err: err}
	}
	return p, nil
}

// choose makes the reader take the frames that the flags say, as many as the model of a
// checkpoint reads. How a training set was sampled does not matter: an answer for a clip
// is to be the same however it comes to the model. It keeps what answers say of that.
func (p *predictor) choose(dir string) error {
	f, n, what := p.flags, p.reader.Sampling.Steps, "frames"
	if p.reader.Features() {
		what = "steps"
	}
	random := f.sample == "random"
	switch {
	case n == preprocess.AllSteps && random:
		return badf("the model of %s reads every frame of a clip, and nothing is drawn; leave -sample random out", dir)
	case f.follow && f.stream(): // every frame is read, or one of -every
		return nil
	case n == preprocess.AllSteps:
		p.how, p.caption = sampled{Sample: "all"}, fmt.Sprintf("all %s of a clip are read\n", what)
		return nil
	case !random:
		p.how, p.caption = sampled{Sample: f.sample}, fmt.Sprintf("%d %s of a clip are read, at equal distances\n", n, what)
	case f.draws == 1:
		p.caption = fmt.Sprintf("%d %s of a clip are read, drawn by -seed %d\n", n, what, f.seed)
	default:
		p.caption = fmt.Sprintf("mean of %d draws of %d %s of a clip, by -seed %d\n", f.draws, n, what, f.seed)
	}
	p.reader.Sampling.Sample = f.sample
	if random {
		p.how = sampled{Sample: f.sample, Draws: f.draws, Seed: &f.seed}
		p.reader.Seed, p.reader.Draws = f.seed, f.draws
	}
	return nil
}
