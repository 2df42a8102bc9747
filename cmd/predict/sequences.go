package main

import (
	"context"
	"fmt"
	"io"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/datasets/npz"
	"github.com/tensorzoo/tensorzoo/datasets/video"
	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

// score is how many of the clips with a label were answered with it.
type score struct {
	File     string  `json:"file,omitempty"`
	Bytes    []byte  `json:"file_base64,omitempty"` // instead of File, as in an answer
	Clips    int     `json:"clips"`                 // that were answered
	Correct  int     `json:"correct"`
	Accuracy float64 `json:"accuracy"`
}

// sequences answers for each clip of an npz file. One at a time is in memory, as it is
// stored: with all of its steps.
func (p *predictor) sequences(ctx context.Context, path string, stdout, stderr io.Writer) error {
	set, err := npz.OpenClips(path, p.reader.Normalisation, p.names)
	if err != nil {
		return cmdline.Usage{Err: errors.WithMessage(err, "predict")}
	}
	defer set.Close()
	step := dims.Size(set.StepShape())
	if want := dims.Size(p.reader.StepShape); step != want {
		return badf("%s has steps of %d values, and the model reads %d", names.Shown(path), step, want)
	}
	p.how = sampled{Sample: "all"}
	clips := set.Clips(datasets.Test)
	p.out = newPrinter(stdout, p.flags, []string{numbered(path, clips-1)}, p.names)
	x := make([]float32, set.Steps()*step)
	s := score{File: path}
	for i := range clips {
		name := numbered(path, i)
		label, steps, err := set.Read(datasets.Test, i, x)
		if err != nil {
			return cmdline.Usage{Err: errors.WithMessage(err, "predict")} // the file has changed
		}
		a, err := p.clip(ctx, name, video.Clip{X: x[:steps*step], Steps: steps})
		if err != nil {
			if err = p.failed(ctx, name, err); ctx.Err() != nil {
				return err
			}
			fmt.Fprintln(stderr, err)
			continue
		}
		if label >= 0 {
			p.out.labelled, a.Label = true, p.names[label]
		}
		if s.Clips++; a.Label == a.Classes[0].Class {
			s.Correct++
		}
		if err := p.out.print(a); err != nil {
			return err
		}
	}
	if p.out.labelled {
		s.Accuracy = float64(s.Correct) / float64(s.Clips)
		if err := p.out.total(s, stderr); err != nil {
			return err
		}
	}
	if s.Clips < clips {
		return badf("%d of %d clips have no answer, as reported above", clips-s.Clips, clips)
	}
	return nil
}

// total writes a score after the answers. CSV has no place for it.
func (p *printer) total(s score, stderr io.Writer) error {
	if p.js {
		s.File, s.Bytes = textOrBytes(s.File)
		return p.json(s)
	}
	w := p.w
	if p.csv != nil {
		w = stderr
	}
	_, err := fmt.Fprintf(w, "accuracy %.4f: the likeliest class is the label of %d of %d clips\n", s.Accuracy, s.Correct, s.Clips)
	return errors.Wrap(err, "predict")
}

// numbered names a clip of a file.
func numbered(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
