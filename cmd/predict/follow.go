package main

import (
	"context"
	"io"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
)

// running is an answer after some of the frames of a clip.
type running struct {
	frame   int // the number of the last one, -1 before the first
	classes []guess
}

// follow answers after each step of a clip, and hands on these answers.
func (p *predictor) follow(ctx context.Context, path string, each func(running)) error {
	k := 0
	step := func(frame int, x []float32) error {
		classes, err := p.step(path, k, frame, x)
		if err != nil {
			return p.failed(path, err)
		}
		each(running{frame, classes})
		k++
		return nil
	}
	if p.reader.Sampling.Steps == datasets.AllSteps {
		for x, err := range p.reader.Each(ctx, path) { // however long it is
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return p.failed(path, err)
			}
			if err := step(k, x); err != nil {
				return err
			}
		}
		return nil
	}
	c, err := p.reader.Read(ctx, path)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return p.failed(path, err)
	}
	size := len(c.X) / c.Steps
	for k := range c.Steps {
		if err := step(c.Frames[k], c.X[k*size:(k+1)*size]); err != nil {
			return err
		}
	}
	return nil
}

// followStream answers after each frame on standard input.
func (p *predictor) followStream(ctx context.Context, stdin io.Reader) error {
	return interruptible(ctx, func() error {
		k := 0
		for x, err := range p.reader.Stream(ctx, stdin) {
			if err != nil {
				return p.badStream(err)
			}
			if k%p.flags.every == 0 {
				if _, err := p.step("-", k/p.flags.every, k, x); err != nil {
					return p.failed("-", err)
				}
			}
			k++
		}
		if k == 0 {
			return p.badStream(errors.New("there is no frame"))
		}
		return nil
	})
}

// step reads one more step, which shows a frame of the clip, and prints the answer.
func (p *predictor) step(path string, k, frame int, x []float32) ([]guess, error) {
	p.mu.Lock()
	logits, err := p.model.Frame(x)
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	classes, err := best(logits, p.names, p.flags.top)
	if err != nil {
		return nil, errors.WithMessagef(err, "step %d", k+1)
	}
	steps := k + 1
	a := answer{Clip: path, Step: &steps, Classes: classes}
	if frame >= 0 {
		a.Frame = &frame
	}
	return classes, p.out.print(a)
}
