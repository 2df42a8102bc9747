package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"golang.org/x/sys/cpu"

	"github.com/tensorzoo/tensorzoo/internal/durable"
)

// record is what a file has: the rows of a table from one processor.
type record struct {
	Table     string `json:"table"`
	Processor string `json:"processor"`
	Go        string `json:"go"`
	Date      string `json:"date"`
	Peer      string `json:"peer,omitempty"`
	Note      string `json:"note,omitempty"` // by hand
	Rows      []row  `json:"rows"`
}

// row is of a model, or of whatever else a table has in lines.
type row struct {
	Name    string             `json:"name"`
	Threads int                `json:"threads,omitempty"`
	Steps   int                `json:"steps,omitempty"`
	Values  map[string]float64 `json:"values"`
	Peer    map[string]float64 `json:"peer,omitempty"`
	How     string             `json:"how,omitempty"` // the peer's best
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// save writes the file, over the last of that table and processor. A note stays.
func (r *record) save(dir string) error {
	name := strings.Trim(unfit.ReplaceAllString(strings.ToLower(r.Table+" "+r.Processor), "-"), "-")
	path := filepath.Join(dir, name+".json")
	if old, err := readRecord(path); err == nil {
		r.Note = old.Note
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return errors.Wrap(err, "performance")
	}
	return errors.Wrap(durable.WriteFile(path, func(w io.Writer) error { _, err := w.Write(append(data, '\n')); return err }), "performance")
}

func readRecord(path string) (*record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &record{}
	return r, errors.Wrap(json.Unmarshal(data, r), path)
}

// readRecords returns the figures of a folder, by processor.
func readRecords(dir string) (all []*record, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		r, err := readRecord(path)
		if err != nil {
			return nil, errors.Wrap(err, "performance")
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b *record) int { return strings.Compare(a.Processor, b.Processor) })
	return all, nil
}

// processorName is what Linux says of the processor, whose name alone may hide in a virtual
// machine what it is, and the vectors that this process uses.
func processorName() string {
	name := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	said := func(what string) string {
		found := regexp.MustCompile(`(?m)^` + what + `\s*:\s*(.*)$`).FindSubmatch(info)
		if found == nil {
			return ""
		}
		return strings.TrimSpace(string(found[1]))
	}
	if model := said("model name"); model != "" {
		name = model
		if family := said("cpu family"); family != "" {
			name += ", family " + family + " model " + said("model")
		}
	}
	switch {
	case cpu.X86.HasAVX512F:
		name += ", AVX-512"
	case cpu.X86.HasAVX2:
		name += ", AVX2"
	case runtime.GOARCH == "amd64":
		name += ", without vectors"
	case runtime.GOARCH == "arm64":
		name += ", NEON"
	}
	return name
}
