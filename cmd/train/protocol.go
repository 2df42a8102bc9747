package main

import (
	"fmt"
	"slices"
	"strconv"
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
func settings(r *zoo.Recipe) []setting {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	all := []setting{
		{"optimizer", r.Optimizer, "Optimizer"}, {"lr", number(r.LearningRate), "LearningRate"}, {"schedule", r.Schedule, "Schedule"},
		{"batch", strconv.Itoa(r.Batch), "Batch"}, {"epochs", strconv.Itoa(r.Epochs), "Epochs"},
		{"dropout", number(r.Dropout), "Dropout"}, {"recurrent-dropout", number(r.RecurrentDropout), "RecurrentDropout"},
		{"classifier-l2", number(r.ClassifierL2), "ClassifierL2"}, {"weight-decay", number(r.WeightDecay), "WeightDecay"}, {"clip", number(r.MaxGradNorm), "MaxGradNorm"},
		{"normalise", r.Normalise, "Normalise"}, {"size", fmt.Sprintf("%dx%d", r.Width, r.Height), "Width"}, {"steps", strconv.Itoa(r.Frames), "Frames"},
		{"sample", r.Sample, "Sample"}, {"split", r.Split, "Split"},
	}
	if r.Width == 0 { // features are taken as they are
		all = slices.DeleteFunc(all, func(s setting) bool { return slices.Contains([]string{"size", "steps", "sample"}, s.Flag) })
	}
	for k := range all {
		all[k].From = r.From[all[k].From]
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

// papersSets are the sets of the papers by the name that -data has for them, with
// what their models' names end in.
var papersSets = map[string]struct{ data, suffix string }{
	"ucf11": {"UCF11", "-ucf11"}, "youtube": {"YouTube Celebrities Faces", "-youtube"}, "hmdb51": {"HMDB51", "-hmdb51"},
}

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
	case readsFeatures || kind == "folder" || data == embedded || published && set.data == e.Data:
		return nil
	case kind == "hmdb51":
		return badf("-protocol paper: the papers train no model on frames of HMDB51, but on CNN features of them: -model cnn-tr-lstm-hmdb51 -data features:DIR")
	case published:
		hint := ""
		base := strings.TrimSuffix(strings.TrimSuffix(e.Name, "-ucf11"), "-youtube")
		if other, err := zoo.Find(base + set.suffix); err == nil {
			hint = "; take -model " + other.Name
		}
		return badf("-protocol paper: %s has its shape for %s, but %s is %s%s", e.Name, e.Data, data, set.data, hint)
	}
	return badf("-protocol paper: the papers' code does not train on data such as %s; want ucf11:DIR, youtube:DIR or folder:DIR for %s, or %s to try it", data, e.Name, embedded)
}

// settle sets the flag of a setting, unless the user did.
func (f *flags) settle(s *setting) error {
	if !f.stated(s.Flag) {
		return f.set.Set(s.Flag, s.Value)
	}
	now := f.set.Lookup(s.Flag).Value.String()
	papers, err := spelt(s.Flag, s.Value)
	if papers != now {
		source, _, _ := strings.Cut(s.From, ":")
		s.Value, s.From = now, fmt.Sprintf("overridden by you; %s by %s", s.Value, source)
	}
	return err
}
