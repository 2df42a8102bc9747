// Command performance measures what docs/performance.md has in tables, and writes them
// there.
//
//	go run ./docs/performance                              every table
//	go run ./docs/performance -tables steps,adam           some of them
//	GODEBUG=cpu.avx512f=off go run ./docs/performance      as on a processor without AVX-512
//	go run ./docs/performance -peer 'python3 docs/performance/peer.py'
//	                                                       with PyTorch beside it
//	go run ./docs/performance -render                      the tables of the figures there are
//
// The figures are in docs/performance, in a file for each table and processor: measured
// again on one, they replace those of that processor, and others stay.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/cmdline"
	"github.com/tensorzoo/tensorzoo/internal/interrupt"
	"github.com/tensorzoo/tensorzoo/internal/names"
)

func badf(format string, args ...any) error { return cmdline.Usagef("performance: "+format, args...) }

// forAnother is the argument of a process that measures one thing for another, so that its
// memory is its own.
const forAnother = "-job"

func main() {
	err := run(interrupt.Context(), os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, names.Line(err.Error()))
	}
	os.Exit(cmdline.ExitCode(err))
}

// options are what the command line says.
type options struct {
	tables    []*table
	page      string // the Markdown file
	dir       string // of the figures
	processor string
	peer      []string // a command and its first arguments
	pairs     int
	brief     bool
	render    bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 1 && args[0] == forAnother {
		return work(ctx, os.Stdin, stdout)
	}
	o, helped, err := parse(args, stdout)
	if err != nil || helped {
		return err
	}
	if !o.render {
		began := time.Now()
		m := &machine{options: o, ctx: ctx, log: stderr}
		for _, t := range o.tables {
			rows, err := t.measure(m)
			if ctx.Err() != nil {
				return cmdline.Interrupted("performance: stopped; tables that were finished keep their figures, this one its old ones")
			}
			if err != nil {
				return errors.Wrapf(err, "performance: table %s", t.name)
			}
			r := &record{Table: t.name, Processor: o.processor, Go: runtime.Version(), Date: time.Now().Format(time.DateOnly), Rows: rows}
			if slices.ContainsFunc(rows, func(r row) bool { return r.Peer != nil }) {
				r.Peer = m.peerIs
			}
			if err := cmp.Or(r.save(o.dir), renderPage(o.page, o.dir)); err != nil {
				return err
			}
		}
		fmt.Fprintf(stderr, "measured in %s\n", time.Since(began).Round(time.Second))
	}
	return renderPage(o.page, o.dir)
}

// parse reads the flags; helped reports that it printed them instead.
func parse(args []string, stdout io.Writer) (o *options, helped bool, err error) {
	o = &options{}
	var all []string
	for _, t := range tables {
		all = append(all, t.name)
	}
	set := flag.NewFlagSet("performance", flag.ContinueOnError)
	chosen := set.String("tables", strings.Join(all, ","), "`names` of those to measure, with commas")
	peer := set.String("peer", "", "`command` that measures PyTorch, such as 'python3 docs/performance/peer.py'; with --compile after it, torch.compile too")
	set.StringVar(&o.processor, "processor", "", "`name` to write beside the figures (default what Linux says, and its vectors; give it on others)")
	set.StringVar(&o.page, "page", filepath.Join("docs", "performance.md"), "Markdown `file` with the tables")
	set.StringVar(&o.dir, "figures", filepath.Join("docs", "performance"), "`folder` of the figures")
	set.IntVar(&o.pairs, "pairs", 1, "`times` that each step is measured, ours and the peer's in turn; the median counts")
	set.BoolVar(&o.brief, "brief", false, "measure the smallest of each table alone, to see that all works: not for the docs")
	set.BoolVar(&o.render, "render", false, "measure nothing, write the tables of the figures there are")
	if helped, err = cmdline.Parse(set, args, "Performance measures what docs/performance.md has in tables, and writes them there.\n\nFlags:\n", stdout); err != nil || helped {
		return nil, helped, err
	}
	if set.NArg() > 0 {
		return nil, false, badf("%q is no flag; see -h", set.Arg(0))
	}
	for name := range strings.SplitSeq(*chosen, ",") {
		k := slices.Index(all, strings.TrimSpace(name))
		if k < 0 {
			return nil, false, badf("-tables has %q; want some of %s", name, strings.Join(all, ", "))
		}
		o.tables = append(o.tables, tables[k])
	}
	o.peer = strings.Fields(*peer)
	switch {
	case o.pairs < 1 || o.pairs > 100:
		return nil, false, badf("-pairs is %d; want 1 to 100", o.pairs)
	case !cmdline.IsFolder(o.dir):
		return nil, false, badf("-figures: there is no folder %s; run this in the folder of the module", o.dir)
	case o.brief && o.dir == filepath.Join("docs", "performance"):
		return nil, false, badf("-brief measures too little for the docs; give -figures and -page of a copy")
	}
	if _, err := os.Stat(o.page); err != nil {
		return nil, false, badf("-page: %v", err)
	}
	if o.processor == "" {
		o.processor = processorName()
	}
	return o, false, nil
}

// machine measures.
type machine struct {
	*options
	ctx    context.Context
	log    io.Writer
	peerIs string // what the peer said that it is
}

func (m *machine) say(format string, args ...any) { fmt.Fprintf(m.log, format+"\n", args...) }

// ask has a process of its own do a job.
func (m *machine) ask(j job) (r *reply, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r = &reply{}
	return r, m.command([]string{program, forAnother}, j, r)
}

// command starts a process that reads a value as JSON and answers with one.
func (m *machine) command(line []string, in, out any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(m.ctx, line[0], line[1:]...)
	var said strings.Builder
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(data)), &said
	text, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	last := said.String()
	if lines := strings.Split(strings.TrimSpace(last), "\n"); len(lines) > 0 {
		last = lines[len(lines)-1]
	}
	return errors.Wrapf(err, "%s: %s", strings.Join(line, " "), last)
}

// work does the job that it reads.
func work(ctx context.Context, in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return errors.Wrap(err, "performance: job")
	}
	debug.SetGCPercent(20) // as cmd/train
	runtime.GOMAXPROCS(j.By.Threads)
	r, err := j.do(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}
