package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// paper is the one value of -protocol.
const paper = "paper"

// setting is a flag with its value, and where the value is from.
type setting struct{ Flag, Value, From string }

// settings writes a recipe as flags of this program.
func settings(r *zoo.Recipe) (all []setting) {
	for _, s := range []struct {
		flag  string
		value any
		field string
	}{
		{"optimizer", r.Optimizer, "Optimizer"}, {"lr", r.LearningRate, "LearningRate"}, {"schedule", r.Schedule, "Schedule"}, {"batch", r.Batch, "Batch"}, {"epochs", r.Epochs, "Epochs"},
		{"dropout", r.Dropout, "Dropout"}, {"recurrent-dropout", r.RecurrentDropout, "RecurrentDropout"},
		{"classifier-l2", r.ClassifierL2, "ClassifierL2"}, {"weight-decay", r.WeightDecay, "WeightDecay"}, {"clip", r.MaxGradNorm, "MaxGradNorm"},
		{"normalise", r.Normalise, "Normalise"}, {"size", fmt.Sprintf("%dx%d", r.Width, r.Height), "Width"}, {"steps", r.Frames, "Frames"}, {"sample", r.Sample, "Sample"}, {"split", r.Split, "Split"},
	} {
		if r.Width > 0 || s.flag == "split" || !slices.Contains(ofVideos, s.flag) { // features are taken as they are
			all = append(all, setting{s.flag, fmt.Sprint(s.value), r.From[s.field]})
		}
	}
	return all
}

// applyProtocol gives the flags that the user left out the values of -protocol. A
// run that is resumed or evaluated has them in its configuration.
func (f *flags) applyProtocol() error {
	switch {
	case f.protocol == "" || f.ran != "" || f.list || f.suggest || f.eval != "":
		return nil
	case f.protocol != paper:
		return badf("-protocol: no protocol is called %q%s", f.protocol, didyoumean.Hint(f.protocol, []string{paper}))
	case f.spec != "":
		return badf("-protocol paper is for the models of the zoo; no paper trained %s, so say how with the flags themselves", f.spec)
	}
	e, err := zoo.Find(f.model)
	if err != nil {
		return cmdline.Blame(f.set, err)
	}
	if e.Recipe == nil {
		return badf("-protocol paper: no paper trained %s, so say how with the flags themselves", e.Name)
	}
	data := f.data
	if f.describe && !f.given("data") {
		data = "" // the papers' own
	}
	if err := papersData(e, data); err != nil {
		return err
	}
	all := settings(e.Recipe)
	if data == embedded {
		all = slices.DeleteFunc(all, func(s setting) bool { return slices.Contains(ofVideos, s.Flag) })
	}
	for k := range all {
		if err := f.settle(&all[k]); err != nil {
			return errors.Wrapf(err, "train: protocol, -%s", all[k].Flag)
		}
	}
	f.preset = worded("protocol", struct {
		zoo.Entry
		Settings                           []setting
		Embedded, Folder, ByClip, Minus128 bool
	}{e, all, data == embedded, strings.HasPrefix(data, "folder:"), strings.HasPrefix(f.split, "random"), f.normalise == "minus128"})
	return nil
}

// embedded is the set that is part of the program.
const embedded = "actions"

// ofVideos are the settings that the embedded clips have no use for: their frames
// are drawn and cut already.
var ofVideos = []string{"size", "steps", "sample", "split"}

// papersSets are the sets of the papers by the name that -data has for them, which their
// models' names end in.
var papersSets = map[string]string{"ucf11": "UCF11", "youtube": "YouTube Celebrities Faces", "hmdb51": "HMDB51"}

// papersData returns an error when data are not what the papers train an entry on,
// or like it; "" is what they do.
func papersData(e zoo.Entry, data string) error {
	kind, _, _ := strings.Cut(data, ":")
	set, published := papersSets[kind]
	readsFeatures := e.Recipe.Width == 0
	switch {
	case data == "":
		return nil
	case readsFeatures && kind != "features":
		return badf("-protocol paper: the papers train %s on CNN features of %s; give -data features:DIR, not %s", e.Name, e.Data, data)
	case readsFeatures || kind == "folder" || data == embedded || published && set == e.Data:
		return nil
	case kind == "hmdb51":
		return badf("-protocol paper: the papers train no model on frames of HMDB51, but on CNN features of them: -model cnn-tr-lstm-hmdb51 -data features:DIR")
	case published:
		return badf("-protocol paper: %s has its shape for %s, but %s is %s; -list -model '*-%s' has the models for that", e.Name, e.Data, data, set, kind)
	}
	return badf("-protocol paper: the papers' code does not train on data such as %s; want ucf11:DIR, youtube:DIR or folder:DIR for %s, or %s to try it", data, e.Name, embedded)
}

// settle sets the flag of a setting, unless the user did.
func (f *flags) settle(s *setting) error {
	if !f.stated(s.Flag) {
		return f.set.Set(s.Flag, s.Value)
	}
	if !f.has(s.Flag, s.Value) {
		source, _, _ := strings.Cut(s.From, ":")
		s.Value, s.From = f.set.Lookup(s.Flag).Value.String(), fmt.Sprintf("overridden by you; %s by %s", s.Value, source)
	}
	return nil
}
