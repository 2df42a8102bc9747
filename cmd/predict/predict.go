package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/train"
	"github.com/tensorzoo/tensorzoo/zoo"
)

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
	defer p.close()
	all, stream := f.sources, f.sources[0] == "-"
	if !stream {
		if all, err = clips(f.sources, p.reader.Features()); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(all, isNPZ) {
		if err := f.checkNPZ(all); err != nil {
			return err
		}
		return p.sequences(ctx, all[0], stdout, stderr)
	}
	p.out = newPrinter(stdout, f, all, p.names)
	switch { // JSON has it in each object
	case stream && f.follow:
	case f.csv:
		fmt.Fprint(stderr, p.caption)
	default:
		p.out.caption = p.caption
	}
	switch {
	case stream && f.follow:
		return interruptible(ctx, func() error { return p.followStream(ctx, stdin) })
	case stream:
		return interruptible(ctx, func() error { return p.stream(ctx, stdin) })
	case (f.follow || f.annotate != "") && len(all) > 1:
		return badf("-follow and -annotate take one clip, and there are %d", len(all))
	case f.annotate != "":
		return p.annotate(ctx, all[0], stderr)
	case f.follow:
		_, err := p.follow(ctx, all[0])
		return err
	}
	return p.all(ctx, all, stderr)
}

// predictor is a model with all that is known of its input.
type predictor struct {
	flags   *flags
	trained *zoo.Model
	model   *zoo.Predictor
	reader  video.Reader
	names   []string // of the classes, by number where the model has none
	out     *printer

	how     sampled // frames are taken of a clip
	caption string  // the same in a line, above a table and beside CSV

	mu sync.Mutex // of model, which an interrupt closes while frames come
}

// close leaves a model alone that is still at work, after an interrupt.
func (p *predictor) close() {
	if p.mu.TryLock() {
		defer p.mu.Unlock()
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
	if err != nil {
		return nil, cmdline.Usage{Err: err}
	}
	if f.follow && m.Spec().Bidirectional {
		return nil, badf("the model of %s is bidirectional: it reads a clip from its end too, and cannot follow; leave -follow out", dir)
	}
	if m.Input == nil {
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

// failed reports that a clip has no answer, with -json as an object too, and returns
// the error. After an interrupt, which is no fault of the clip, it returns that alone.
func (p *predictor) failed(ctx context.Context, path string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text := names.Line(reason(path, err))
	if p.flags.js {
		if err := p.out.print(answer{Clip: path, Error: text}); err != nil {
			return err
		}
	}
	return badf("%s: %s", names.Shown(path), text)
}

// reason is the text of an error about a clip, without the clip's name.
func reason(path string, err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "datasets: "), path+": ")
}

// guesses returns the classes that an answer shows.
func (p *predictor) guesses(logits []float32) ([]zoo.Guess, error) {
	all, err := p.trained.Guesses(logits)
	if err != nil {
		return nil, errors.New(cmdline.Bare(err))
	}
	return all[:min(p.flags.top, len(all))], nil
}

// clip answers for a whole clip, which may have a million steps.
func (p *predictor) clip(ctx context.Context, name string, c video.Clip) (answer, error) {
	a := answer{Clip: name, sampled: p.how}
	err := interruptible(ctx, func() error {
		p.mu.Lock()
		logits, err := p.model.Clip(c.X, c.Steps, nil)
		p.mu.Unlock()
		if err == nil {
			a.Classes, err = p.guesses(logits)
		}
		return err
	})
	if ctx.Err() != nil { // it may be at work on a
		return answer{}, ctx.Err()
	}
	return a, err
}

// all answers for each clip in turn, while the next ones are decoded.
func (p *predictor) all(ctx context.Context, paths []string, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	bad := 0
	for k, read := range p.ahead(ctx, paths) {
		_, err := p.answer(ctx, paths[k], read.clip, read.err)
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil || len(paths) == 1 || !cmdline.IsUsage(err):
			return err
		}
		bad++
		fmt.Fprintln(stderr, names.Line(err.Error()))
	}
	if bad > 0 {
		return badf("%d of %d clips have no answer, as reported above", bad, len(paths))
	}
	return nil
}

// answer prints the answer for a clip that was read, unless it was not, and err says why.
func (p *predictor) answer(ctx context.Context, path string, c video.Clip, err error) (a answer, _ error) {
	if err == nil {
		a, err = p.clip(ctx, path, c)
	}
	if err != nil {
		return a, p.failed(ctx, path, err)
	}
	return a, p.out.print(a)
}

// stream answers for the clip on standard input.
func (p *predictor) stream(ctx context.Context, stdin io.Reader) error {
	c, err := p.reader.ReadFrom(ctx, stdin)
	if err != nil {
		return p.badStream(ctx, err)
	}
	_, err = p.answer(ctx, "-", c, nil)
	return err
}

// badStream is failed for standard input, and says what is wanted there.
func (p *predictor) badStream(ctx context.Context, err error) error {
	s := p.reader.StepShape
	want := fmt.Sprintf("steps of %d little-endian float32", s[0])
	if !p.reader.Features() {
		format := map[int]string{1: "gray", 3: "rgb24"}[s[2]]
		want = fmt.Sprintf("raw frames, such as ffmpeg -i CLIP -f rawvideo -pix_fmt %s -s %dx%d - writes", format, s[1], s[0])
	}
	return p.failed(ctx, "-", errors.Errorf("%s; want %s", reason("-", err), want))
}

// interruptible does something that may take for ever, such as reading from standard
// input, and returns as soon as ctx is done.
func interruptible(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if ctx.Err() != nil { // what was interrupted may look like the input's end
			return ctx.Err()
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
