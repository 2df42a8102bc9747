package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/preprocess"
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
	if f.sources[0] == "-" {
		p.out = newPrinter(stdout, f, f.sources, p.names)
		if f.follow {
			return p.followStream(ctx, stdin)
		}
		return p.stream(ctx, stdin)
	}
	all, err := clips(f.sources)
	if err != nil {
		return err
	}
	p.out = newPrinter(stdout, f, all, p.names)
	if (f.follow || f.annotate != "") && len(all) > 1 {
		return badf("-follow and -annotate take one clip, and there are %d", len(all))
	}
	switch {
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
	flags  *flags
	model  *zoo.Predictor
	reader datasets.Reader
	names  []string
	out    *printer

	mu sync.Mutex // of model, which an interrupt closes while frames come
}

func (p *predictor) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.model.Close()
}

// load reads the checkpoint.
func (f *flags) load() (*predictor, error) {
	if !isFolder(f.checkpoint) {
		return nil, badf("-checkpoint %s: there is no such folder", f.checkpoint)
	}
	dir := train.CheckpointDir(f.checkpoint)
	m, err := zoo.Load(dir)
	if err != nil {
		return nil, usage{err}
	}
	if m.Input == nil {
		return nil, badf("the checkpoint %s does not say what its model reads; one that cmd/train wrote does", dir)
	}
	p := &predictor{flags: f, names: classNames(m.ClassNames, m.Classes)}
	p.reader = datasets.Reader{StepShape: m.Input.StepShape, Normalisation: m.Input.Normalisation, Limit: f.limit}
	if s := m.Input.Sampling; s != nil {
		p.reader.Sampling = *s
	} else {
		// Its clips were made of as many steps by somebody else.
		p.reader.Sampling = preprocess.Sampling{Steps: m.Input.Steps, Sample: "even"}
	}
	if err := p.reader.Check(); err != nil {
		return nil, badf("the model of %s: %s", dir, plain(err))
	}
	if p.model, err = m.Predictor(1); err != nil {
		return nil, usage{err}
	}
	return p, nil
}

// plain is the text of an error without the package that it comes from.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "datasets: ") }

// clip answers for a whole clip.
func (p *predictor) clip(name string, c datasets.Clip) (answer, error) {
	logits, err := p.model.Clip(c.X, c.Steps, nil)
	if err != nil {
		return answer{}, errors.Wrap(err, "predict")
	}
	classes, err := best(logits, p.names, p.flags.top)
	return answer{Clip: name, Classes: classes}, err
}

// all answers for each clip in turn, while the next ones are decoded.
func (p *predictor) all(ctx context.Context, paths []string, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	bad := 0
	for k, read := range p.ahead(ctx, paths) {
		c, err := read.clip, read.err
		var a answer
		if err == nil {
			a, err = p.clip(paths[k], c)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			bad++
			a = answer{Clip: paths[k], Error: strings.TrimPrefix(plain(err), paths[k]+": ")}
			fmt.Fprintf(stderr, "%s: %s\n", paths[k], a.Error)
		}
		if err := p.out.print(a); err != nil {
			return err
		}
	}
	switch {
	case bad > 0 && len(paths) == 1:
		return badf("the clip could not be read")
	case bad > 0:
		return badf("%d of %d clips could not be read, as reported above", bad, len(paths))
	}
	return nil
}

// stream answers for the clip on standard input.
func (p *predictor) stream(ctx context.Context, stdin io.Reader) error {
	c, err := p.reader.ReadFrom(ctx, stdin)
	if err != nil {
		return badf("%s", plain(err))
	}
	a, err := p.clip("-", c)
	if err != nil {
		return err
	}
	return p.out.print(a)
}
