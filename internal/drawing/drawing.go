// Package drawing draws tensor networks as SVG: cores as circles, modes as legs
// that end in their sizes, ranks as lines between cores with theirs beside. A
// chain of cores becomes a row, a ring a ring, and a tree stands with its leaves
// at the bottom; which of them a network is follows from its legs, not its
// format.
//
// A layout (row.go, tree.go) gives a figure, shapes at places, of
// which svg.go writes the file.
package drawing

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/decomp"
	"github.com/tensorzoo/tensorzoo/internal/durable"
)

// Panel is one matrix with its title.
type Panel struct {
	Title  string
	Matrix *decomp.Matrix
}

// Check returns an error when the extension of path is not .svg.
func Check(path string) error {
	if strings.ToLower(filepath.Ext(path)) != ".svg" {
		return errors.Errorf("drawing: %s: ending is %q, want .svg", path, filepath.Ext(path))
	}
	return nil
}

// Draw draws the panels one below the other and writes them to path. No reader
// ever sees half a file. The same matrices give the same bytes.
//
// It fails when there is no panel, when the extension of path is not .svg, when
// a network is not a chain, a ring or a tree of cores, or when the file cannot
// be written.
func Draw(path string, panels ...Panel) error {
	if err := Check(path); err != nil {
		return err
	}
	f, size, err := compose(panels)
	if err != nil {
		return errors.Wrapf(err, "drawing: %s", path)
	}
	titles := make([]string, len(panels))
	for k, p := range panels {
		titles[k] = p.Title
	}
	err = durable.WriteFile(path, func(w io.Writer) error { return f.svg(w, size, strings.Join(titles, "; ")) })
	return errors.Wrapf(err, "drawing: %s", path)
}
