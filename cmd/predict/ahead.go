package main

import (
	"context"
	"iter"

	"github.com/tensorzoo/tensorzoo/datasets/video"
)

// reading is a clip, or why it cannot be read.
type reading struct {
	clip video.Clip
	err  error
}

// ahead yields the clips in order, and decodes as many of the next ones meanwhile as
// -jobs says. Nobody waits for those that are under way when the loop is left; ctx
// ends them.
func (p *predictor) ahead(ctx context.Context, paths []string) iter.Seq2[int, reading] {
	return func(yield func(int, reading) bool) {
		results := make([]chan reading, len(paths))
		jobs := min(p.flags.jobs, len(paths))
		start := func(k int) {
			if k >= len(paths) {
				return
			}
			results[k] = make(chan reading, 1)
			go func() {
				c, err := p.reader.Read(ctx, paths[k])
				results[k] <- reading{c, err}
			}()
		}
		for k := range jobs {
			start(k)
		}
		for k := range paths {
			r := <-results[k]
			start(k + jobs)
			if !yield(k, r) {
				return
			}
		}
	}
}
