package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/layout"
)

func isNPZ(path string) bool { return strings.ToLower(filepath.Ext(path)) == ".npz" }

// clips lists the clips that the arguments name: files and folders of frames as they
// are, the clips in other folders, and what patterns match. An npz file, of many clips,
// stands as it is.
func clips(sources []string, features bool) (all []string, _ error) {
	for _, source := range sources {
		found, err := clipsOf(source, features)
		if err != nil {
			return nil, cmdline.Usage{Err: errors.WithMessage(err, "predict")}
		}
		all = append(all, found...)
	}
	return all, nil
}

func clipsOf(source string, features bool) (all []string, _ error) {
	info, err := os.Stat(source)
	switch {
	case err == nil && info.IsDir():
		return layout.Find(source, features)
	case err == nil && !info.Mode().IsRegular():
		return nil, errors.Errorf("%s is neither a file nor a folder; give - for raw frames from a pipe", source)
	case err == nil && (isNPZ(source) || features == (strings.ToLower(filepath.Ext(source)) == ".npy")):
		return []string{source}, nil
	case err == nil && features:
		return nil, errors.Errorf("%s is no .npy file, and the model reads features", source)
	case err == nil:
		return nil, errors.Errorf("%s holds features, and the model reads frames", source)
	case !os.IsNotExist(err):
		return nil, err
	case !strings.ContainsAny(source, "*?["):
		return nil, errors.Errorf("there is no file %s", source)
	}
	// A shell left it as it is; a file of that very name came first.
	matches, err := filepath.Glob(source)
	if err != nil {
		return nil, errors.Errorf("%s: %v", source, err)
	}
	// An answer names a clip of an npz file so: data.npz[0].
	if m := answered.FindStringSubmatch(source); m != nil && len(matches) == 0 {
		return nil, errors.Errorf("no file matches %s; %s names a clip in the answers: give %s, whose clips are all classified", source, m[2], m[1])
	}
	if len(matches) == 0 {
		return nil, errors.Errorf("no file matches %s", source)
	}
	for _, m := range matches {
		found, err := clipsOf(m, features)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

var answered = regexp.MustCompile(`(?i)^(.+\.npz)(\[\d+\])$`)
