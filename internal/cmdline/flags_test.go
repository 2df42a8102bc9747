package cmdline

import (
	"errors"
	"flag"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// even is a flag of a type of its own.
type even int

func (e *even) String() string   { return "" }
func (e *even) Set(string) error { return errors.New("want an even number") }

func newSet() *flag.FlagSet {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Int("epochs", 1, "")
	fs.Int("batch", 1, "")
	fs.Uint64("seed", 1, "")
	fs.Float64("weight-decay", 1, "")
	fs.Bool("quiet", false, "")
	fs.Duration("save-every", time.Second, "")
	fs.String("out", "", "")
	fs.Var(new(even), "even", "")
	return fs
}

func TestExplain(t *testing.T) {
	for want, args := range map[string][]string{
		`flag provided but not defined: -epocks; did you mean "epochs"? (known: batch, epochs, even, out, quiet, save-every, seed, weight-decay)`: {"-epocks", "2"},
		"-epochs is two; want a whole number":                                                        {"-epochs", "two"},
		"-epochs is 1.5; want a whole number":                                                        {"-epochs=1.5"},
		"-epochs is 99999999999999999999; want a whole number, at most 9223372036854775807":          {"-epochs", "99999999999999999999"},
		"-seed is -1; want a whole number from 0 on":                                                 {"-seed", "-1"},
		"-seed is 18446744073709551616; want a whole number from 0 on, at most 18446744073709551615": {"-seed", "18446744073709551616"},
		"-weight-decay is 1e; want a number such as 0.5 or 1e-3":                                     {"-weight-decay", "1e"},
		"-weight-decay is 1e999; want a number such as 0.5 or 1e-3, at most 1.8e308":                 {"-weight-decay", "1e999"},
		"-quiet is maybe; want true or false":                                                        {"-quiet=maybe"},
		"-save-every is 3; want a time with its unit, such as 30s, 10m or 2h":                        {"-save-every", "3"},
		`-batch is ""; want a whole number`:                                                          {"-batch", ""},
		"-batch is 1 for flag -x: y; want a whole number":                                            {"-batch", "1 for flag -x: y"},
		"-even is 3; want an even number":                                                            {"-even", "3"},
		"-batch has no value; want a whole number":                                                   {"-batch"},
		"-out has no value; want a value, see -h":                                                    {"-out"},
		"bad flag syntax: ---out":                                                                    {"---out"},
	} {
		fs := newSet()
		require.Equal(t, want, Explain(fs, fs.Parse(args)))
	}
	require.Equal(t, []string{"batch", "epochs", "even", "out", "quiet", "save-every", "seed", "weight-decay"}, Names(newSet()))
}

func TestSet(t *testing.T) {
	fs := newSet()
	require.NoError(t, Set(fs, "epochs", "3"))
	require.EqualError(t, Set(fs, "epochs", "x"), "want a whole number")
	require.EqualError(t, Set(fs, "even", "x"), "want an even number")
}

func TestField(t *testing.T) {
	require.Equal(t, "weight-decay", Field(newSet(), "WeightDecay"))
	require.Equal(t, "epochs", Field(newSet(), "Epochs"))
	require.Equal(t, "Other", Field(newSet(), "Other"))
}

func TestBare(t *testing.T) {
	require.Equal(t, "no optimizer", Bare(errors.New("train: no optimizer")))
	require.Equal(t, `-size "x"; want`, Bare(errors.New(`-size "x"; want`)))
}

func TestBlame(t *testing.T) {
	fs := newSet()
	fs.Init("train", flag.ContinueOnError)
	require.NoError(t, fs.Parse([]string{"-out", "a, b", "-epochs", "3"}))
	require.EqualError(t, Blame(fs, errors.New(`zoo: no model is called "b"`)), `train: -out: no model is called "b"`)
	other := Blame(fs, errors.New(`zoo: no model is called "c", there are 3`))
	require.EqualError(t, other, `zoo: no model is called "c", there are 3`)
	require.True(t, IsUsage(other))
}

func TestIsFolder(t *testing.T) {
	require.True(t, IsFolder(t.TempDir()))
	require.False(t, IsFolder("flags_test.go"))
	require.False(t, IsFolder(filepath.Join(t.TempDir(), "none")))
}

func TestGiven(t *testing.T) {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.Int("a", 1, "")
	fs.Int("b", 1, "")
	require.NoError(t, fs.Parse([]string{"-a", "1"}))
	require.True(t, Given(fs, "a"))
	require.False(t, Given(fs, "b"))
	for field, want := range map[string]string{"MaxGradNorm": "clip", "Dir": "out", "LearningRate": "lr", "A": "a", "None": "None"} {
		require.Equal(t, want, Field(fs, field))
	}
}
