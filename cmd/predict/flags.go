package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

func badf(format string, args ...any) error { return cmdline.Usagef("predict: "+format, args...) }

// flags are what the command line says.
type flags struct {
	checkpoint string
	top        int
	js, csv    bool
	follow     bool
	every      int
	sample     string
	draws      int
	seed       uint64
	annotate   string
	limit      time.Duration
	jobs       int

	set     *flag.FlagSet
	sources []string // the arguments
}

// mostDraws bounds the batch that a model reads at once.
const mostDraws = 1000

//go:embed help.txt
var help string

// parse reads the command line. The bool says that help was asked for and given.
func parse(args []string, stdout io.Writer) (*flags, bool, error) {
	fs := flag.NewFlagSet("predict", flag.ContinueOnError)
	f := &flags{set: fs}
	fs.StringVar(&f.checkpoint, "checkpoint", "", "`folder` of a run, whose best epoch is taken, or of one checkpoint")
	fs.IntVar(&f.top, "top", 3, "`number` of classes in an answer, the likeliest first")
	fs.BoolVar(&f.js, "json", false, "one object of JSON a line, for each clip or, with -follow, frame")
	fs.BoolVar(&f.csv, "csv", false, "a row of comma-separated values for each clip or, with -follow, frame")
	fs.BoolVar(&f.follow, "follow", false, "answer after each frame of one clip")
	fs.IntVar(&f.every, "every", 1, "with -follow on standard input, read one frame of so `many`")
	fs.StringVar(&f.sample, "sample", "even", "`which` frames of a clip are read where not all are: even, at equal distances, or random")
	fs.IntVar(&f.draws, "draws", 1, "with -sample random, `number` of draws whose probabilities are averaged")
	fs.Uint64Var(&f.seed, "seed", 1, "with -sample random, fixes the draws: clips of one length and a seed have the same frames read")
	fs.StringVar(&f.annotate, "annotate", "", "write a video `file` with the answer drawn on one clip; with -follow, the answer so far")
	fs.DurationVar(&f.limit, "limit", 2*time.Minute, "longest `time` for decoding a clip")
	fs.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "`number` of clips that are decoded at a time")
	for len(args) > 0 { // flags may stand after clips
		if helped, err := cmdline.Parse(fs, args, help, stdout); err != nil || helped {
			return nil, helped, err
		}
		rest := fs.Args()
		if len(rest) < len(args) && len(rest) > 0 && args[len(args)-len(rest)-1] == "--" {
			f.sources = append(f.sources, rest...)
			break
		}
		if len(rest) > 0 {
			f.sources, rest = append(f.sources, rest[0]), rest[1:]
		}
		args = rest
	}
	return f, false, f.check()
}

// check returns an error for what cannot be done.
func (f *flags) check() error {
	given := func(name string) bool { return cmdline.Given(f.set, name) }
	stream, random := f.stream(), f.sample == "random"
	for _, mistake := range []struct {
		made bool
		text string
	}{
		{f.checkpoint == "", "by which model? Give its folder, as in -checkpoint runs/ht-lstm"},
		{len(f.sources) == 0, "what clip? Give a video, a folder of them, or - for raw frames on standard input; see -h"},
		{stream && len(f.sources) > 1, "- reads standard input; leave the other clips out"},
		{f.js && f.csv, "give -json or -csv, not both"},
		{f.top < 1, fmt.Sprintf("-top is %d; want at least 1", f.top)},
		{f.jobs < 1, fmt.Sprintf("-jobs is %d; want at least 1", f.jobs)},
		{f.limit <= 0, fmt.Sprintf("-limit is %v; want a positive time such as 2m", f.limit)},
		{f.every < 1, fmt.Sprintf("-every is %d; want at least 1", f.every)},
		{given("every") && !(f.follow && stream), "-every is for -follow -; the checkpoint says which frames of a file are read"},
		{!random && f.sample != "even", fmt.Sprintf("-sample is %q; want even or random", f.sample)},
		{f.draws < 1 || f.draws > mostDraws, fmt.Sprintf("-draws is %d; want 1 to %d", f.draws, mostDraws)},
		{given("draws") && !random, fmt.Sprintf("-draws %d is for frames that are drawn; give -sample random too", f.draws)},
		{given("seed") && !random, fmt.Sprintf("-seed %d is for frames that are drawn; give -sample random too", f.seed)},
		{f.follow && f.draws > 1, fmt.Sprintf("-draws %d averages answers for a whole clip; leave -follow out", f.draws)},
		{f.follow && stream && given("sample"), "-follow - reads every frame, or every -every'th; leave -sample out"},
		{given("annotate") && f.annotate == "", "-annotate has no file; want one such as out.mp4"},
		{f.annotate != "" && stream, "-annotate needs a clip in a file, not standard input"},
		{f.annotate != "" && !isVideo(f.annotate), fmt.Sprintf("-annotate %s: the ending says what kind of video it is; want one of %s", f.annotate, strings.Join(endings, " "))},
		{f.annotate != "" && cmdline.IsFolder(f.annotate), fmt.Sprintf("-annotate %s is a folder; want a file such as out.mp4", f.annotate)},
		{f.annotate != "" && !cmdline.IsFolder(filepath.Dir(f.annotate)), fmt.Sprintf("-annotate %s: there is no folder %s", f.annotate, filepath.Dir(f.annotate))},
	} {
		if mistake.made {
			return badf("%s", mistake.text)
		}
	}
	return nil
}

// stream reports whether the clip is on standard input.
func (f *flags) stream() bool { return slices.Contains(f.sources, "-") }

// checkClips returns an error for what cannot be done with the clips that were found.
func (f *flags) checkClips(clips []string, features bool) error {
	npz, one, shown, out := slices.ContainsFunc(clips, isNPZ), f.follow || f.annotate != "", names.Shown(clips[0]), f.annotate
	switch {
	case npz && len(clips) > 1:
		return badf("an npz file holds many clips and is given alone, and there are %d files", len(clips))
	case npz && one:
		return badf("-follow and -annotate take one clip, and %s may hold many", shown)
	case npz && cmdline.Given(f.set, "sample"):
		return badf("the clips of %s are read as they are stored; leave -sample out", shown)
	case one && len(clips) > 1:
		return badf("-follow and -annotate take one clip, and there are %d", len(clips))
	case out != "" && features:
		return badf("-annotate draws on frames, and %s holds features", shown)
	case out != "" && sameFile(clips[0], out):
		return badf("-annotate %s would overwrite the clip; give another file", out)
	case out != "" && sameFile(clips[0], filepath.Dir(out)):
		return badf("-annotate %s is among the frames of the clip; give a file in another folder", out)
	}
	return nil
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
