package main

import (
	"context"
	"io"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
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
		a, err := p.step(path, k, frame, x)
		if err != nil {
			return p.failed(path, err)
		}
		a.sampled = p.how
		each(running{frame, a.Classes})
		k++
		return p.out.print(a)
	}
	if p.reader.Sampling.Steps == preprocess.AllSteps {
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
		if ctx.Err() != nil {
			return ctx.Err()
		}
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
				a, err := p.step("-", k/p.flags.every, k, x)
				if err != nil {
					return p.failed("-", err)
				}
				if err := p.out.print(a); err != nil {
					return err
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

// step reads one more step, which shows a frame of the clip.
func (p *predictor) step(path string, k, frame int, x []float32) (answer, error) {
	p.mu.Lock()
	logits, err := p.model.Frame(x)
	p.mu.Unlock()
	if err != nil {
		return answer{}, err
	}
	steps := k + 1
	a := answer{Clip: path, Step: &steps}
	if frame >= 0 {
		a.Frame = &frame
	}
	a.Classes, err = best(logits, p.names, p.flags.top)
	return a, errors.WithMessagef(err, "step %d", steps)
}
