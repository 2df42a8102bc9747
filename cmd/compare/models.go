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

// mostSpec bounds the file of a spec, and that of a protocol.
const mostSpec = 1 << 20

// entries lists the models asked for, patterns spelled out and files read.
func (f *flags) entries() ([]zoo.Entry, error) {
	var all []zoo.Entry
	from := map[string]string{} // the pattern or file of each
	add := func(e zoo.Entry, pattern string) error {
		if first, twice := from[e.Name]; twice {
			return badf("-models has %s twice: %s and %s; leave one out, or rename a file", e.Name, first, pattern)
		}
		from[e.Name] = pattern
		all = append(all, e)
		return nil
	}
	for pattern := range strings.SplitSeq(f.models, ",") {
		pattern = strings.TrimSpace(pattern)
		if strings.HasSuffix(pattern, ".json") {
			e, err := readSpec(pattern)
			if err != nil {
				return nil, err
			}
			if err := add(e, pattern); err != nil {
				return nil, err
			}
			continue
		}
		entries, err := zoo.List(pattern)
		if err == nil && !strings.ContainsAny(pattern, "*?[") {
			var e zoo.Entry
			e, err = zoo.Find(pattern)
			entries = []zoo.Entry{e}
		}
		if err != nil {
			return nil, f.blame(usage{err})
		}
		if len(entries) == 0 {
			return nil, badf("-models: no model matches %q; %s -list has all", pattern, cmdline.Other("train"))
		}
		for _, e := range entries {
			if err := add(e, pattern); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
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
		return zoo.Entry{}, usage{errors.Wrapf(err, "compare: %s", path)}
	}
	name := strings.TrimSuffix(filepath.Base(path), ".json")
	if !plainName.MatchString(name) {
		return zoo.Entry{}, badf("-models: the name of %s becomes that of files and of a line in tables; rename it with letters, digits, -, _ and . alone, a letter or digit first", path)
	}
	return zoo.Entry{Name: name, Spec: spec}, nil
}

// named is what -models has of a model: its name, or the file of one that is not in the
// zoo.
func (f *flags) named(e zoo.Entry) string {
	for pattern := range strings.SplitSeq(f.models, ",") {
		if pattern = strings.TrimSpace(pattern); strings.TrimSuffix(filepath.Base(pattern), ".json") == e.Name && strings.HasSuffix(pattern, ".json") {
			return pattern
		}
	}
	return e.Name
}
