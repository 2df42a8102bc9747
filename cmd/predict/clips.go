package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/npz"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

func isNPZ(path string) bool { return strings.ToLower(filepath.Ext(path)) == ".npz" }

// find lists the clips that the arguments name: files and folders of frames as they
// are, the clips in other folders, and what patterns match. An npz file, of many clips,
// stands as it is.
func find(sources []string, features bool) (all []string, _ error) {
	for _, source := range sources {
		matches := []string{source}
		if _, err := os.Stat(source); os.IsNotExist(err) { // a shell may have left a pattern as it is
			if matches, err = filepath.Glob(source); err != nil || len(matches) == 0 {
				return nil, badf("there is no file %s", source)
			}
		}
		for _, match := range matches {
			found, err := clipsOf(match, features)
			if err != nil {
				return nil, cmdline.Usage{Err: errors.WithMessage(err, "predict")}
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

func clipsOf(path string, features bool) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return layout.Find(path, features)
	case !info.Mode().IsRegular():
		return nil, errors.Errorf("%s is neither a file nor a folder; give - for raw frames from a pipe", path)
	case isNPZ(path) || features == (strings.ToLower(filepath.Ext(path)) == ".npy"):
		return []string{path}, nil
	case features:
		return nil, errors.Errorf("%s is no .npy file, and the model reads features", path)
	}
	return nil, errors.Errorf("%s holds features, and the model reads frames", path)
}

// reading is a clip, or why it cannot be read.
type reading struct {
	name  string
	label int // the true class, -1 where nobody says
	clip  video.Clip
	err   error
}

// ahead yields the clips in order, and decodes as many of the next ones meanwhile as
// -jobs says. Nobody waits for those that are under way when the loop is left, or at an
// interrupt; ctx ends them.
func (p *predictor) ahead(ctx context.Context, paths []string) iter.Seq[reading] {
	return func(yield func(reading) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		results := make([]chan reading, len(paths))
		start := func(k int) {
			if k < len(paths) {
				results[k] = make(chan reading, 1)
				go func() {
					c, err := p.read(ctx, paths[k])
					results[k] <- reading{paths[k], -1, c, err}
				}()
			}
		}
		jobs := min(p.flags.jobs, len(paths))
		for k := range jobs {
			start(k)
		}
		for k := range paths {
			r := reading{name: paths[k]}
			select {
			case r = <-results[k]:
			case <-ctx.Done():
				r.err = ctx.Err()
			}
			start(k + jobs)
			if !yield(r) {
				return
			}
		}
	}
}

func (p *predictor) read(ctx context.Context, path string) (video.Clip, error) {
	if path != "-" {
		return p.reader.Read(ctx, path)
	}
	c, err := p.reader.ReadFrom(ctx, p.stdin)
	return c, p.wanted(path, err)
}

// wanted adds to an error of standard input what is wanted there.
func (p *predictor) wanted(path string, err error) error {
	if err == nil || path != "-" {
		return err
	}
	s := p.reader.StepShape
	want := fmt.Sprintf("steps of %d little-endian float32", s[0])
	if !p.reader.Features() {
		format := map[int]string{1: "gray", 3: "rgb24"}[s[2]]
		want = fmt.Sprintf("raw frames, such as ffmpeg -i CLIP -f rawvideo -pix_fmt %s -s %dx%d - writes", format, s[1], s[0])
	}
	return errors.Errorf("%s; want %s", reason("-", err), want)
}

// sequences answers for each clip of an npz file. One at a time is in memory, as it is
// stored: with all of its steps.
func (p *predictor) sequences(ctx context.Context, path string) error {
	set, err := npz.OpenClips(path, p.reader.Normalisation, p.names)
	if err != nil {
		return cmdline.Usage{Err: errors.WithMessage(err, "predict")}
	}
	defer set.Close()
	step := dims.Size(set.StepShape())
	if want := dims.Size(p.reader.StepShape); step != want {
		return badf("%s has steps of %d values, and the model reads %d", names.Shown(path), step, want)
	}
	n, name := set.Clips(datasets.Test), func(i int) string { return fmt.Sprintf("%s[%d]", path, i) }
	p.how = sampled{Sample: "all"}
	p.out.file = path
	p.out.begin([]string{name(n - 1)}, p.names, "")
	return p.all(ctx, n, func(yield func(reading) bool) {
		x := make([]float32, set.Steps()*step)
		for i := range n {
			label, steps, err := set.Read(datasets.Test, i, x)
			if !yield(reading{name(i), label, video.Clip{X: x[:steps*step], Steps: steps}, err}) || err != nil { // the file has changed
				return
			}
		}
	})
}
