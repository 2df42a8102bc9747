package main

import (
	"context"
	"io"

	"github.com/pkg/errors"
)

// running is an answer after some of the frames of a clip.
type running struct {
	frame   int // the number of the last one, -1 before the first
	classes []guess
}

// follow answers after each step of a clip, and returns these answers.
func (p *predictor) follow(ctx context.Context, path string) ([]running, error) {
	c, err := p.reader.Read(ctx, path)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, badf("%s", plain(err))
	}
	var all []running
	size := len(c.X) / c.Steps
	for k := range c.Steps {
		classes, err := p.step(path, k, c.Frames[k], c.X[k*size:(k+1)*size])
		if err != nil {
			return nil, err
		}
		all = append(all, running{c.Frames[k], classes})
	}
	return all, nil
}

// followStream answers after each frame on standard input.
func (p *predictor) followStream(ctx context.Context, stdin io.Reader) error {
	// Reading blocks until a frame comes: an interrupt must not wait for it.
	failed := make(chan error, 1)
	go func() {
		k := -1
		for x, err := range p.reader.Stream(stdin) {
			if err != nil {
				failed <- badf("%s", plain(err))
				return
			}
			if k++; k%p.flags.every != 0 {
				continue
			}
			if _, err := p.step("-", k/p.flags.every, k, x); err != nil {
				failed <- err
				return
			}
		}
		if k < 0 {
			failed <- badf("there is no frame on standard input")
			return
		}
		failed <- nil
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// step reads one more step, which shows a frame of the clip, and prints the answer.
func (p *predictor) step(path string, k, frame int, x []float32) ([]guess, error) {
	p.mu.Lock()
	logits, err := p.model.Frame(x)
	p.mu.Unlock()
	if err != nil {
		return nil, usage{errors.WithMessage(err, "predict: -follow")}
	}
	classes, err := best(logits, p.names, p.flags.top)
	if err != nil {
		return nil, errors.WithMessagef(err, "predict: %s: step %d", path, k+1)
	}
	steps := k + 1
	a := answer{Clip: path, Step: &steps, Classes: classes}
	if frame >= 0 {
		a.Frame = &frame
	}
	return classes, p.out.print(a)
}
