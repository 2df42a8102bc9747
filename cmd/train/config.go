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

// holdsRun reports whether there is a run in a folder.
func holdsRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, configFile))
	return err == nil
}

// readConfig fills in the flags that the command line does not give from the
// file of -config. What stands there is as good as given.
func (f *flags) readConfig() error {
	if f.config == "" {
		return nil
	}
	values, err := f.readFlags(f.config)
	if err != nil {
		return err
	}
	for _, v := range values {
		// A file that a run wrote says what it did not need to.
		f.file[v.name] = f.file[v.name] || v.value != ""
		if f.cmd[v.name] || v.name == "spec" && f.cmd["model"] || v.name == "model" && f.cmd["spec"] {
			continue // the command line comes first, and may name another model
		}
		if v.value == "true" && (v.name == "resume" || v.name == "eval") {
			v.value = here
		}
		if err := f.take(f.config, v); err != nil {
			return err
		}
	}
	return nil
}

// take gives a flag the value that the file at path has for it.
func (f *flags) take(path string, v flagValue) error {
	if err := cmdline.Set(f.set, v.name, v.value); err != nil {
		return badf("%s: %q is %s; %v", path, v.name, v.value, err)
	}
	return nil
}

// stated reports whether the user gave the flag, there or in the file of
// -config.
func (f *flags) stated(name string) bool { return f.cmd[name] || f.file[name] }

// readRun fills in the flags that are still not given from the run that -resume
// or -eval names.
func (f *flags) readRun() error {
	var dirs []string
	switch {
	case f.resume != "":
		dirs = []string{f.resume}
	case f.eval != "": // next to the run's checkpoints, or above the one checkpoint that is named
		dirs = []string{f.eval, filepath.Dir(f.eval)}
	}
	at := slices.IndexFunc(dirs, holdsRun)
	if at < 0 {
		// "-out DIR -resume" is correct for a run's first start as well; a missing folder
		// that was named to resume is a mistake.
		if f.resume != "" && !f.cmd["out"] {
			return badf("there is no run in %s: it has no %s", f.resume, configFile)
		}
		return nil
	}
	f.ran = filepath.Join(dirs[at], configFile)
	values, err := f.readFlags(f.ran)
	if err != nil {
		return err
	}
	began := map[string]bool{}
	for _, v := range values {
		began[v.name] = true
		if err := f.ranWith(v); err != nil {
			return err
		}
	}
	if f.resume == "" {
		return nil
	}
	f.out = f.resume // wherever the folder was when the run began
	for _, name := range cmdline.Names(f.set) {
		// The default of -recurrent-dropout is another flag's value.
		fl := f.set.Lookup(name)
		differs := fl.Value.String() != fl.DefValue || name == "recurrent-dropout"
		if f.stated(name) && !began[name] && !slices.Contains(changeable, name) && differs {
			return badf("the run in %s was started without -%s; leave it out, or start another run with another -out", f.resume, name)
		}
	}
	return nil
}

// ranWith takes a flag from the run, unless the user states another value that it may
// have.
func (f *flags) ranWith(v flagValue) error {
	if v.name == "split" && f.eval != "" && f.stated("split") && !f.stated("data") && f.split != v.value {
		f.trainedOn = cmp.Or(v.value, "left out")
	}
	switch {
	case f.stated(v.name):
		return f.mayDiffer(v)
	case v.name == "spec" && f.stated("model") || v.name == "model" && f.stated("spec"):
		if f.resume != "" && v.value != "" {
			return badf("the run in %s was started with -%s %s; leave -model and -spec out", f.resume, v.name, v.value)
		}
		return nil // the command line names another model
	case f.stated("data") && (v.name == "split" || f.eval != "" && slices.Contains([]string{"size", "grey", "sequence"}, v.name)):
		return nil // they are those of its set
	case slices.Contains(actions, v.name):
		return badf("%s: %q does not belong into the configuration of a run", f.ran, v.name)
	}
	return f.take(f.ran, v)
}

// mayDiffer returns an error when a resumed run was started with another value
// than the command line gives now.
func (f *flags) mayDiffer(was flagValue) error {
	begun := was.value
	if was.name == "steps" && begun == "" { // the default is that of the data
		begun = "all"
		if sets.Frames(f.data) {
			begun = "6"
		}
	}
	if f.resume == "" || slices.Contains(changeable, was.name) || f.has(was.name, begun) {
		return nil
	}
	return badf("-%s is %v, but the run in %s was started with %s; leave it out, or start another run with another -out",
		was.name, f.set.Lookup(was.name).Value, f.resume, cmp.Or(was.value, "the default"))
}

// has reports whether a flag has a value, however that is spelt: 0.01 is 1e-2.
func (f *flags) has(name, value string) bool {
	other := newFlags().set
	return other.Set(name, value) == nil && other.Lookup(name).Value.String() == f.set.Lookup(name).Value.String()
}

// flagValue is a flag as a file gives it.
type flagValue struct{ name, value string }

// readFlags reads a JSON object of flags, in its order.
func (f *flags) readFlags(path string) (values []flagValue, _ error) {
	data, err := durable.ReadFile(path, mostSpec)
	if err != nil {
		return nil, badf("%s: %v", path, reason(err))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // the byte order mark of editors on Windows
	if err := json.Unmarshal(data, new(any)); err != nil {
		return nil, badf("%s: not valid JSON%s: %v", path, jsonpos.Fault(data), err)
	}
	if jsonpos.Kind(bytes.TrimSpace(data)) != "object" {
		return nil, badf("%s: want a JSON object of flags, such as {\"model\": \"tt-gru\", \"epochs\": 20}", path)
	}
	known := cmdline.Names(f.set)
	for _, m := range jsonpos.Members(data, 0) {
		if !slices.Contains(known, m.Name) || m.Name == "config" {
			return nil, badf("%s: there is no flag %q%s", path, m.Name, didyoumean.Hint(m.Name, known))
		}
		value := string(m.Value)
		switch jsonpos.Kind(m.Value) {
		case "object", "array", "null":
			return nil, badf("%s: %q is no text, number, true or false", path, m.Name)
		case "string":
			json.Unmarshal(m.Value, &value) // it is valid
		}
		values = append(values, flagValue{m.Name, value})
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

// configuration returns the flags as readConfig reads them: all that say how to
// train, including those that were not given, so that the file is complete.
// -dropout and -recurrent-dropout stand in it only when given, as their default
// is the model's, and -protocol only when there is one.
func (f *flags) configuration() string {
	values := map[string]any{}
	f.set.VisitAll(func(fl *flag.Flag) {
		if slices.Contains(actions, fl.Name) || strings.HasSuffix(fl.Name, "dropout") && !f.given(fl.Name) || fl.Name == "protocol" && f.protocol == "" || fl.Name == "model" && f.spec != "" {
			return
		}
		value := fl.Value.(flag.Getter).Get()
		if d, ok := value.(time.Duration); ok {
			value = d.String()
		}
		values[fl.Name] = value
	})
	text, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		panic(err) // texts, and numbers that check has found finite
	}
	return string(text) + "\n"
}
