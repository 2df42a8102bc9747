// Package clipfiles is what sets have in common of which each clip is a file in a folder:
// which clips there are, which of their steps are taken, and what becomes of damaged ones.
package clipfiles

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/datasets"
	"github.com/tensorzoo/tensorzoo/internal/clipcache"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/internal/measure"
	"github.com/tensorzoo/tensorzoo/internal/names"
	"github.com/tensorzoo/tensorzoo/preprocess"
)

// Options are those of sets of files. See datasets/video.
type Options struct {
	datasets.Options
	Sampling preprocess.Sampling
	TestOnly bool
	MaxBad   float64
	OnBad    func(path string, err error)
}

// complete fills the options in and checks them.
func (o *Options) complete() error {
	o.Sampling.Sample = cmp.Or(o.Sampling.Sample, "random")
	o.MaxBad = cmp.Or(o.MaxBad, 0.01)
	o.Normalisation = measure.Given(o.Normalisation, o.Normalise)
	if err := o.Sampling.Check(); err != nil {
		return err
	}
	switch {
	case math.IsNaN(o.MaxBad) || o.MaxBad > 1:
		return errors.Errorf("MaxBad is %v, want a part of the clips, at most 1", o.MaxBad)
	case o.TestOnly && o.Normalisation == nil && !slices.Contains([]string{"", measure.Auto, measure.None}, o.Normalise):
		return errors.Errorf("TestOnly leaves nothing to measure %q over; give Normalisation", o.Normalise)
	}
	return nil
}

// Files are those of a set, of which each is a clip, by their index in the listing of the
// folder.
type Files struct {
	datasets.Table // what is known before a file is opened
	Options

	Paths  []string // of the files
	Names  []string // the same below the root of the set
	stamps []string // of them when the set was opened; "" of what was not there

	most   int // of them may be damaged
	mu     sync.Mutex
	bad    map[int]error
	failed error // of whatever is read from now on
}

// Open lists the set called name, of a kind and a folder, and cuts it into parts.
func Open(name string, read func(root string) (*layout.Listing, error), opt Options) (*Files, error) {
	if err := opt.complete(); err != nil {
		return nil, err
	}
	kind, root, _ := strings.Cut(name, ":")
	if root == "" {
		return nil, errors.Errorf("no folder; write %s:FOLDER", kind)
	}
	l, err := read(root)
	if err != nil {
		return nil, err
	}
	if n := len(l.Classes); n > preprocess.MaxClasses {
		return nil, errors.Errorf("there are %d classes, more than %d", n, preprocess.MaxClasses)
	}
	if opt.Classes != nil {
		if !names.Equal(opt.Classes, l.Classes) {
			return nil, errors.Errorf("the classes are %s, not %s", names.List(l.Classes), names.List(opt.Classes))
		}
		l.Classes = opt.Classes // as the checkpoint spells them
	}
	opt.Split = cmp.Or(opt.Split, l.Splits()[0])
	train, test, err := l.Cut(opt.Split)
	if err != nil {
		return nil, err
	}
	if opt.TestOnly {
		train = nil
	}
	c := &Files{Options: opt, most: int(math.Max(0, opt.MaxBad) * float64(len(train)+len(test))), bad: map[int]error{}}
	for _, clip := range l.Clips {
		path := filepath.Join(l.Root, filepath.FromSlash(clip.Path))
		stamp, _ := clipcache.Stamp(path) // whoever reads it is told
		c.Paths, c.Names, c.stamps = append(c.Paths, path), append(c.Names, clip.Path), append(c.stamps, stamp)
	}
	c.Table = datasets.Table{
		Name: name + " (" + opt.Split + ")", Classes: slices.Clone(l.Classes), Parts: [...][]int{train, test, nil}, Sampling: &c.Options.Sampling,
		Label: func(k int) int { return l.Clips[k].Class },
		Group: func(k int) string { return cmp.Or(l.Clips[k].Group, l.Clips[k].Path) },
	}
	return c, nil
}

// Key returns what the cache calls a clip, as it was when the set was opened, of which
// frames are taken in a certain way.
func (c *Files) Key(k int, how string) (key string, err error) {
	stamp := c.stamps[k]
	if stamp == "" { // it was not there
		if stamp, err = clipcache.Stamp(c.Paths[k]); err != nil {
			return "", err
		}
	}
	return clipcache.Key(c.Paths[k], stamp, how)
}

// Print returns a fingerprint of the names, sizes and times that the files had when the
// set was opened, and of how clips are made of them.
func (c *Files) Print(how string) string {
	h := fnv.New64a()
	for k, name := range c.Names {
		if c.stamps[k] != "" {
			fmt.Fprintf(h, "%s %s\n", names.Key(name), c.stamps[k])
		}
	}
	fmt.Fprint(h, how)
	return fmt.Sprintf("%016x", h.Sum64())
}

// Used lists the clips of all parts.
func (c *Files) Used() []int { return slices.Concat(c.Parts[:]...) }

// Each calls visit for each of some clips, of which it passes over those that are left
// out. It returns ctx's error when ctx is done.
func Each(ctx context.Context, clips []int, visit func(k int) error) error {
	for _, k := range clips {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(k); err != nil && !Skipped(err) {
			return err
		}
	}
	return nil
}

// Skipped reports whether an error says that a clip is left out.
func Skipped(err error) bool {
	var skip *datasets.SkipError
	return errors.As(err, &skip)
}

// Known returns the error of clip k if it was found damaged before, and of every clip
// once there are too many such.
func (c *Files) Known(k int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return c.failed
	}
	return c.bad[k]
}

// Damaged notes and reports that clip k cannot be read. It returns what Read returns for
// it: that it is left out, or that there are too many.
func (c *Files) Damaged(k int, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := c.Paths[k]
	if c.bad[k] == nil { // two may have read it at once
		c.bad[k] = &datasets.SkipError{Path: path, Err: errors.Errorf("datasets: %s: %s is left out: %s", c.Name, path, strings.TrimPrefix(err.Error(), "datasets: "))}
		if c.OnBad != nil {
			c.OnBad(path, err)
		}
	}
	if len(c.bad) > c.most && c.failed == nil {
		c.failed = &datasets.DamagedError{Err: errors.Errorf("datasets: %s: %d of %d clips are damaged, and %d may be; the last one is %s: %v", c.Name, len(c.bad), len(c.Used()), c.most, path, err)}
	}
	if c.failed != nil {
		return c.failed
	}
	return c.bad[k]
}

// Seed makes the draw of a clip's steps the same wherever its file is.
func Seed(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(names.Key(filepath.Base(path))))
	return h.Sum64()
}

// Generator is what draw number k, from 0, of a clip's steps is made with. The first is
// the one that a set takes.
func Generator(seed uint64, k int) *rand.Rand { return rand.New(rand.NewPCG(seed, 1+uint64(k))) }

// Taken lists the steps that are taken of the n that a file has.
func Taken(n int, s preprocess.Sampling, rng *rand.Rand) []int {
	if s.Steps == preprocess.AllSteps || n <= s.Steps || s.Sample == "even" {
		return s.Even(n)
	}
	return slices.Sorted(slices.Values(rng.Perm(n)[:s.Steps]))
}

// Window lists up to room of the steps that Taken lists, from one on, and returns the number of
// all that are taken. It lists no others where every step is taken.
func Window(n, from, room int, s preprocess.Sampling, rng *rand.Rand) (window []int, taken int) {
	if s.Steps != preprocess.AllSteps && s.Steps < n {
		all := Taken(n, s, rng)
		return all[min(from, len(all)):min(from+room, len(all))], len(all)
	}
	window = make([]int, max(0, min(room, n-from)))
	for k := range window {
		window[k] = from + k
	}
	return window, n
}
