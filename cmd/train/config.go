package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/didyoumean"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/internal/jsonpos"
	"github.com/tensorzoo/tensorzoo/internal/sets"
)

const configFile = "config.json"

// readConfig fills in the flags that the command line does not give from the
// file of -config. What stands there is as good as given.
func (f *flags) readConfig() error {
	if f.config == "" {
		return nil
	}
	values, err := readFlags(f.config, cmdline.Names(f.set))
	if err != nil {
		return usage{errors.WithMessagef(err, "train: -config %s", f.config)}
	}
	for _, v := range values {
		if f.cmd[v.name] || v.name == "spec" && f.cmd["model"] || v.name == "model" && f.cmd["spec"] {
			continue // the command line comes first, and may name another model
		}
		if v.value == "true" && (v.name == "resume" || v.name == "eval") {
			v.value = here
		}
		if err := cmdline.Set(f.set, v.name, v.value); err != nil {
			return badf("%s: %q is %s; %v", f.config, v.name, v.value, err)
		}
	}
	for _, v := range values {
		// A file that a run wrote says what it did not need to.
		if v.value != "" {
			f.file[v.name] = true
		}
	}
	return nil
}

// stated reports whether the user gave the flag, there or in the file of
// -config.
func (f *flags) stated(name string) bool { return f.cmd[name] || f.file[name] }

// readRun fills in the flags that are still not given from the run that -resume
// or -eval names.
func (f *flags) readRun() error {
	path := ""
	switch {
	case f.resume != "":
		path = filepath.Join(f.resume, configFile)
		if _, err := os.Stat(path); err != nil {
			return f.nothingToResume()
		}
	case f.eval != "":
		// Next to the run's checkpoints, or above the one checkpoint that is named.
		for _, dir := range []string{f.eval, filepath.Dir(f.eval)} {
			if _, err := os.Stat(filepath.Join(dir, configFile)); err == nil {
				path = filepath.Join(dir, configFile)
				break
			}
		}
	}
	if path == "" {
		return nil
	}
	values, err := readFlags(path, cmdline.Names(f.set))
	if err != nil {
		return usage{errors.WithMessagef(err, "train: %s", path)}
	}
	f.ran = path
	began := map[string]bool{}
	for _, v := range values {
		began[v.name] = true
		if v.name == "split" && f.eval != "" && f.stated("split") && !f.stated("data") && f.split != v.value {
			f.trainedOn = cmp.Or(v.value, "left out")
		}
		if f.stated(v.name) {
			if err := f.mayDiffer(v); err != nil {
				return err
			}
			continue
		}
		if v.name == "spec" && f.stated("model") || v.name == "model" && f.stated("spec") {
			if f.resume != "" && v.value != "" {
				return badf("the run in %s was started with -%s %s; leave -model and -spec out", f.resume, v.name, v.value)
			}
			continue // the command line names another model
		}
		if slices.Contains([]string{"split", "size", "grey", "sequence"}, v.name) && f.stated("data") && f.eval != "" || v.name == "split" && f.stated("data") {
			continue // they are those of its set
		}
		if slices.Contains(actions, v.name) {
			return badf("%s: %q does not belong into the configuration of a run", path, v.name)
		}
		if err := cmdline.Set(f.set, v.name, v.value); err != nil {
			return badf("%s: %q is %s; %v", path, v.name, v.value, err)
		}
	}
	if f.resume == "" {
		return nil
	}
	f.out = f.resume // wherever the folder was when the run began
	for _, name := range cmdline.Names(f.set) {
		if f.stated(name) && !began[name] && !slices.Contains(changeable, name) && f.differs(name) {
			return badf("the run in %s was started without -%s; leave it out, or start another run with another -out", f.resume, name)
		}
	}
	return nil
}

// differs reports whether a flag that a run was started without now has another
// value. The default of -recurrent-dropout is another flag's value.
func (f *flags) differs(name string) bool {
	fl := f.set.Lookup(name)
	return fl.Value.String() != fl.DefValue || name == "recurrent-dropout"
}

// nothingToResume is for a folder without a configuration. "-out DIR -resume" is
// correct for a run's first start as well; a missing folder that was named to
// resume is a mistake.
func (f *flags) nothingToResume() error {
	if f.cmd["out"] {
		return nil
	}
	return badf("there is no run in %s: it has no %s", f.resume, configFile)
}

// mayDiffer returns an error when a resumed run was started with another value
// than the command line gives now.
func (f *flags) mayDiffer(was flagValue) error {
	if f.resume == "" || slices.Contains(changeable, was.name) {
		return nil
	}
	now := f.set.Lookup(was.name).Value.String()
	other := newFlags().set
	if err := other.Set(was.name, was.value); err == nil && other.Lookup(was.name).Value.String() == now {
		return nil
	}
	if was.name == "steps" && was.value == "" && (now == defaultSteps && sets.Frames(f.data) || now == "all" && strings.HasPrefix(f.data, "features:")) {
		return nil // the default, spelt out
	}
	return badf("-%s is %s, but the run in %s was started with %s; leave it out, or start another run with another -out", was.name, now, f.resume, was.value)
}

// flagValue is a flag as a file gives it.
type flagValue struct{ name, value string }

// readFlags reads a JSON object of flags, in its order.
func readFlags(path string, known []string) ([]flagValue, error) {
	data, err := durable.ReadFile(path, mostSpec)
	if err != nil {
		return nil, reason(err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the byte order mark of editors on Windows
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Errorf("want a JSON object of flags, such as {\"model\": \"tt-gru\", \"epochs\": 20}")
	}
	var values []flagValue
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, errors.Wrap(err, "not valid JSON"+jsonpos.Fault(data))
		}
		name := key.(string) // the decoder accepts no other key
		if !slices.Contains(known, name) || name == "config" {
			return nil, errors.Errorf("there is no flag %q%s", name, didyoumean.Hint(name, known))
		}
		var raw any
		if err := dec.Decode(&raw); err != nil {
			return nil, errors.Wrapf(err, "%q: not valid JSON%s", name, jsonpos.Fault(data))
		}
		value, err := flagText(raw)
		if err != nil {
			return nil, errors.Errorf("%q %v", name, err)
		}
		values = append(values, flagValue{name, value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.Wrap(err, "not valid JSON"+jsonpos.Fault(data))
	}
	if dec.More() {
		return nil, errors.New("it goes on after its closing brace; want one JSON object")
	}
	return values, nil
}

// reason drops the path from an error whose message has it already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func flagText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		if v {
			return "true", nil
		}
		return "false", nil
	}
	return "", errors.New("is no text, number, true or false")
}

// configuration returns the flags as readConfig reads them: all that say how to
// train, including those that were not given, so that the file is complete.
// -dropout and -recurrent-dropout stand in it only when given, as their default
// is the model's, and -protocol only when there is one.
func (f *flags) configuration() ([]byte, error) {
	var lines []string
	var failed error
	f.set.VisitAll(func(fl *flag.Flag) {
		if slices.Contains(actions, fl.Name) || strings.HasSuffix(fl.Name, "dropout") && !f.given(fl.Name) || fl.Name == "protocol" && f.protocol == "" || fl.Name == "model" && f.spec != "" {
			return
		}
		value := fl.Value.(flag.Getter).Get()
		if d, ok := value.(time.Duration); ok {
			value = d.String()
		}
		name, err := json.Marshal(fl.Name)
		if err != nil {
			failed = err
		}
		text, err := json.Marshal(value)
		if err != nil {
			failed = err
		}
		lines = append(lines, "  "+string(name)+": "+string(text))
	})
	return []byte("{\n" + strings.Join(lines, ",\n") + "\n}\n"), failed
}
