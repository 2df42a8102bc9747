package main

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/durable"
	"github.com/tensorzoo/tensorzoo/zoo"
)

var plainName = regexp.MustCompile(`^[\pL\d][\pL\d_.-]*$`)

// mostSpec bounds the file of a spec.
const mostSpec = 1 << 20

// entries lists the models asked for, patterns spelled out and files read.
func (f *flags) entries() ([]zoo.Entry, error) {
	var all []zoo.Entry
	from := map[string]string{} // the pattern or file of each
	for pattern := range strings.SplitSeq(f.models, ",") {
		pattern = strings.TrimSpace(pattern)
		entries, err := f.matching(pattern)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if first, twice := from[e.Name]; twice {
				return nil, badf("-models has %s twice: %s and %s; leave one out, or rename a file", e.Name, first, pattern)
			}
			from[e.Name] = pattern
			all = append(all, e)
		}
	}
	return all, nil
}

// matching lists the models that a name, a pattern or a file stands for.
func (f *flags) matching(pattern string) (found []zoo.Entry, err error) {
	switch {
	case strings.HasSuffix(pattern, ".json"):
		e, err := readSpec(pattern)
		return []zoo.Entry{e}, err
	case strings.ContainsAny(pattern, "*?["):
		found, err = zoo.List(pattern)
	default:
		found = make([]zoo.Entry, 1)
		found[0], err = zoo.Find(pattern)
	}
	if err == nil && len(found) == 0 {
		return nil, badf("-models: no model matches %q; %s -list has all", pattern, cmdline.Other("train"))
	}
	if err != nil {
		return nil, f.blame(cmdline.Usage{Err: err})
	}
	return found, nil
}

// readSpec reads a model of the user's own, whose name is that of the file.
func readSpec(path string) (zoo.Entry, error) {
	data, err := durable.ReadFile(path, mostSpec)
	if err != nil {
		return zoo.Entry{}, badf("-models: %v", err)
	}
	spec, err := zoo.ParseSpec(data)
	if err == nil {
		_, err = zoo.Describe(zoo.Entry{Name: path, Spec: spec})
	}
	if err != nil {
		return zoo.Entry{}, cmdline.Usage{Err: errors.Wrapf(err, "compare: %s", path)}
	}
	name := strings.TrimSuffix(filepath.Base(path), ".json")
	if !plainName.MatchString(name) {
		return zoo.Entry{}, badf("-models: the name of %s becomes that of files and of a line in tables; rename it with letters, digits, -, _ and . alone, a letter or digit first", path)
	}
	return zoo.Entry{Name: name, Spec: spec}, nil
}
