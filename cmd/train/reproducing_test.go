package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/internal/layout"
	"github.com/tensorzoo/tensorzoo/internal/numerals"
	"github.com/tensorzoo/tensorzoo/zoo"
)

// reproducing reads the page about the papers' tables, and its commands.
func reproducing(t *testing.T) (page string, commands [][]string) {
	text, err := os.ReadFile("../../docs/reproducing.md")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if args, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/train "); ok {
			commands = append(commands, strings.Fields(strings.ReplaceAll(args, "$k", "2")))
		}
	}
	return string(text), commands
}

// Every command of the page is one that the program takes, and comes out with the
// values of its protocol, but for what it says itself.
func TestReproducingCommands(t *testing.T) {
	_, commands := reproducing(t)
	require.NotEmpty(t, commands)
	recordings := &layout.Listing{Classes: []string{"a", "b"}}
	people := &layout.Listing{Classes: []string{"a", "b"}}
	for k := range 20 {
		c := layout.Clip{Path: fmt.Sprint(k), Class: k % 2, Group: fmt.Sprint(k / 2), Official: []layout.Part{layout.Train}}
		if k < 4 {
			c.Official = []layout.Part{layout.Test}
		}
		people.Clips = append(people.Clips, c)
		c.Official = nil
		recordings.Clips = append(recordings.Clips, c)
	}
	for _, args := range commands {
		f, block := parsed(t, args...)
		require.Contains(t, args, "-model", args)
		e, err := zoo.Find(f.model)
		require.NoError(t, err)
		for _, s := range settings(e.Recipe) {
			want := s.Value
			if at := slices.Index(args, "-"+s.Flag); at >= 0 {
				want = args[at+1]
			}
			other := newFlags().set
			require.NoError(t, other.Set(s.Flag, want))
			require.Equal(t, other.Lookup(s.Flag).Value.String(), f.set.Lookup(s.Flag).Value.String(), "%v: -%s", args, s.Flag)
			require.Equal(t, want != s.Value, regexp.MustCompile("(?m)^ -"+s.Flag+" .*overridden by you").MatchString(block), "%v: -%s", args, s.Flag)
		}
		_, err = f.trainConfig()
		require.NoError(t, err)
		set := recordings
		if e.Data == "HMDB51" {
			set = people
		}
		_, _, err = set.Cut(f.split)
		require.NoError(t, err, args)
	}
}

// The page has a command and a row for everything that the papers' tables have,
// with the figures that the zoo has.
func TestReproducingRows(t *testing.T) {
	page, commands := reproducing(t)
	entries, err := zoo.List("*-*")
	require.NoError(t, err)
	rows := 0
	for _, e := range entries {
		if e.PublishedAccuracy == 0 || !regexp.MustCompile("-(ucf11|youtube|hmdb51)$").MatchString(e.Name) {
			continue
		}
		rows++
		d, err := zoo.Describe(e)
		require.NoError(t, err)
		require.Contains(t, page, fmt.Sprintf("| `%s` | %.1f | %s | %s |\n", e.Name, e.PublishedAccuracy, numerals.Thousands(d.InputToHidden), numerals.Thousands(d.Model)))
		require.True(t, slices.ContainsFunc(commands, func(args []string) bool {
			at := slices.Index(args, "-model")
			return at >= 0 && args[at+1] == e.Name && len(args) == 6
		}), "no plain command for %s", e.Name)
	}
	require.Len(t, regexp.MustCompile("(?m)^\\| `[a-z0-9-]+` \\| [0-9]").FindAllString(page, -1), rows, "no other rows")
}

// The block that the page quotes is the one that is printed.
func TestReproducingBlock(t *testing.T) {
	page, _ := reproducing(t)
	out, err := call("-describe", "-protocol", "paper", "-model", "bt-lstm-ucf11")
	require.NoError(t, err)
	_, block, found := strings.Cut(out, "\nprotocol paper:")
	require.True(t, found)
	require.Contains(t, page, "```\nprotocol paper:"+block+"```\n")
}
