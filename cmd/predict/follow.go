package main

import (
	"context"
	"io"
	"slices"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/preprocess"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// running is an answer after some of the frames of a clip.
type running struct {
	frame   int // the number of the last one, -1 before the first
	classes []zoo.Guess
}

// follow answers after each step of a clip, and returns these answers.
func (p *predictor) follow(ctx context.Context, path string) (answers []running, _ error) {
	step := func(frame int, x []float32) error {
		classes, err := p.step(ctx, path, len(answers), frame, x)
		answers = append(answers, running{frame, classes})
		return err
	}
	if p.reader.Sampling.Steps == preprocess.AllSteps {
		for x, err := range p.reader.Each(ctx, path) { // however long it is
			if err != nil || ctx.Err() != nil {
				return nil, p.failed(ctx, path, err)
			}
			if err := step(len(answers), x); err != nil {
				return nil, err
			}
		}
		return answers, ctx.Err()
	}
	c, err := p.reader.Read(ctx, path)
	if err != nil {
		return nil, p.failed(ctx, path, err)
	}
	for x := range slices.Chunk(c.X, len(c.X)/c.Steps) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := step(c.Frames[len(answers)], x); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// followStream answers after each frame on standard input.
func (p *predictor) followStream(ctx context.Context, stdin io.Reader) error {
	p.how = sampled{} // every frame is read, or one of -every
	k := 0
	for x, err := range p.reader.Stream(ctx, stdin) {
		if err != nil {
			return p.badStream(ctx, err)
		}
		if k%p.flags.every == 0 {
			if _, err := p.step(ctx, "-", k/p.flags.every, k, x); err != nil {
				return err
			}
		}
		k++
	}
	if k == 0 {
		return p.badStream(ctx, errors.New("there is no frame"))
	}
	return nil
}

// step answers after one more step, number k from 0, which shows a frame of the clip.
func (p *predictor) step(ctx context.Context, path string, k, frame int, x []float32) ([]zoo.Guess, error) {
	p.mu.Lock()
	logits, err := p.model.Frame(x)
	p.mu.Unlock()
	steps := k + 1
	a := answer{Clip: path, Step: &steps, sampled: p.how}
	if frame >= 0 {
		a.Frame = &frame
	}
	if err == nil {
		a.Classes, err = p.guesses(logits)
		err = errors.WithMessagef(err, "step %d", steps)
	}
	if err != nil {
		return nil, p.failed(ctx, path, err)
	}
	return a.Classes, p.out.print(a)
}
