package datasets

import (
	"fmt"
	"hash"
	"hash/fnv"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/clipcache"
	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

// clipFiles is what sets have in common of which each clip is a file in a folder.
type clipFiles struct {
	name    string
	listing *layout.Listing
	clips   [2][]int // index in listing.Clips of the clips of each part
	stamps  []string // of listing.Clips when the set was opened; "" of what was not there
	damage  damage
}

// openFolder lists the set in a folder, and cuts it as opt.Split says. v is complete.
func openFolder(name, kind, root string, read func(root string) (*layout.Listing, error), opt Options, v Video) (*clipFiles, error) {
	if root == "" {
		return nil, errors.Errorf("no folder; write %s:FOLDER", kind)
	}
	listing, err := read(root)
	if err != nil {
		return nil, err
	}
	if n := len(listing.Classes); n > maxClasses {
		return nil, errors.Errorf("there are %d classes, more than %d", n, maxClasses)
	}
	if opt.Classes != nil && !names.Equal(opt.Classes, listing.Classes) {
		return nil, errors.Errorf("the classes are %s, not %s", list(listing.Classes), list(opt.Classes))
	}
	if opt.Classes != nil {
		listing.Classes = slices.Clone(opt.Classes) // as the checkpoint spells them
	}
	if opt.Split == "" {
		opt.Split = listing.Splits()[0]
	}
	f := &clipFiles{name: name + " (" + opt.Split + ")", listing: listing}
	if f.clips[Train], f.clips[Test], err = listing.Cut(opt.Split); err != nil {
		return nil, err
	}
	if opt.TestOnly {
		f.clips[Train] = nil
	}
	f.stamps = make([]string, len(listing.Clips))
	for k, c := range listing.Clips {
		if stamp, err := clipcache.Stamp(f.path(c)); err == nil { // else whoever reads it is told
			f.stamps[k] = stamp
		}
	}
	clips := len(f.clips[Train]) + len(f.clips[Test])
	f.damage = damage{
		set: f.name, clips: clips, most: int(math.Max(0, v.MaxBad) * float64(clips)),
		report: v.OnBad, bad: map[int]error{},
	}
	return f, nil
}

func (f *clipFiles) Name() string      { return f.name }
func (f *clipFiles) Classes() []string { return slices.Clone(f.listing.Classes) }

func (f *clipFiles) Clips(p Part) int {
	if p != Train && p != Test {
		return 0
	}
	return len(f.clips[p])
}

// Group returns the recording of a clip, or the clip itself if the layout does not say.
func (f *clipFiles) Group(p Part, i int) string {
	c := f.listing.Clips[f.clips[p][i]]
	if c.Group == "" {
		return c.Path
	}
	return c.Group
}

// Label returns the class of a clip.
func (f *clipFiles) Label(p Part, i int) int { return f.listing.Clips[f.clips[p][i]].Class }

// fingerprint is made of the names, sizes and times that the files had when the set was
// opened. The caller adds how clips are made of them.
func (f *clipFiles) fingerprint() hash.Hash64 {
	h := fnv.New64a()
	for k, c := range f.listing.Clips {
		if f.stamps[k] != "" {
			fmt.Fprintf(h, "%s %s\n", names.Key(c.Path), f.stamps[k])
		}
	}
	return h
}

func (f *clipFiles) path(c layout.Clip) string {
	return filepath.Join(f.listing.Root, filepath.FromSlash(c.Path))
}

// damage keeps the clips of a set that cannot be read, which are left out as long as
// there are few of them.
type damage struct {
	set         string // its name
	clips, most int    // how many there are, and how many may be damaged
	report      func(path string, err error)

	mu     sync.Mutex
	bad    map[int]error // by the index of the clip
	failed error         // of whatever is read from now on
}

// known returns the error of clip k if it was found damaged before, and of every clip
// once there are too many such.
func (d *damage) known(k int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed != nil {
		return d.failed
	}
	return d.bad[k]
}

// found notes and reports that clip k, in the file at path, cannot be read. It returns
// what Read returns for it: that it is left out, or that there are too many.
func (d *damage) found(k int, path string, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bad[k] == nil { // two may have read it at once
		d.bad[k] = &SkipError{path, errors.Errorf("datasets: %s: %s is left out: %s", d.set, path, strings.TrimPrefix(err.Error(), "datasets: "))}
		if d.report != nil {
			d.report(path, err)
		}
	}
	if len(d.bad) > d.most && d.failed == nil {
		d.failed = &DamagedError{errors.Errorf("datasets: %s: %d of %d clips are damaged, and %d may be; the last one is %s: %v", d.set, len(d.bad), d.clips, d.most, path, err)}
	}
	if d.failed != nil {
		return d.failed
	}
	return d.bad[k]
}
