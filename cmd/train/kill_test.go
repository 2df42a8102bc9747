package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tensorzoo/tensorzoo/train"
)

// copied is a copy of the tests' own program, which is the command when the environment
// says so: nothing is built a second time.
var copied struct {
	sync.Once
	dir string
}

const asCommand = "TENSORZOO_TEST_TRAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Setenv(asCommand, "1") // for whatever is started from here
	code := m.Run()
	os.RemoveAll(copied.dir)
	os.Exit(code)
}

// build returns the path of the program.
func build(t *testing.T) string {
	copied.Do(func() {
		dir, err := os.MkdirTemp("", "train-*")
		require.NoError(t, err)
		copied.dir = dir
		self, err := os.Executable()
		require.NoError(t, err)
		program, err := os.ReadFile(self)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "train"), program, 0o700))
	})
	return filepath.Join(copied.dir, "train")
}

// start runs the program in a folder, and gives what it prints.
func start(t *testing.T, dir, program string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(program, args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	require.NoError(t, cmd.Start())
	return cmd, &out
}

// TestKilled kills a run (SIGKILL) again and again and resumes it. Half of the
// kills come at a random moment, also before there is a checkpoint, and half as
// soon as a checkpoint is begun; those that hit it unfinished are counted. In the end every weight, score and
// checkpoint is, to the bit, that of a run that nobody killed.
//
// TENSORZOO_LONG=1 kills the papers' ht-lstm and tt-gru 30 times each; without
// it a small model is killed 4 times.
func TestKilled(t *testing.T) {
	t.Parallel()
	program := build(t)
	if os.Getenv("TENSORZOO_LONG") == "1" {
		for _, model := range []string{"ht-lstm", "tt-gru"} {
			t.Run(model, func(t *testing.T) {
				killed(t, program, 30, 3*time.Second, "-model", model)
			})
		}
		return
	}
	spec := filepath.Join(t.TempDir(), "small.json")
	require.NoError(t, os.WriteFile(spec, []byte(smallSpec), 0o600))
	killed(t, program, 4, time.Second/2, "-spec", spec, "-optimizer", "sgd", "-schedule", "warmup:1,step:2:0.5")
}

const smallSpec = `{"cell": "gru", "format": "tt", "in_modes": [16, 24, 24], "out_modes": [4, 4, 4], "ranks": [4]}`

func killed(t *testing.T, program string, kills int, longest time.Duration, args ...string) {
	dir := t.TempDir()
	args = append(args, "-split", "few-subjects", "-validation", "0.1", "-dropout", "0.1", "-save-every", "1ns")
	rng := rand.New(rand.NewPCG(1, 2))
	run := filepath.Join(dir, "run")
	writing := 0 // kills that hit a checkpoint being written
	for k := range kills {
		// However fast the machine is, it is killed before this many epochs.
		cmd, out := start(t, dir, program, append(args, "-epochs", "1000000", "-out", "run", "-resume")...)
		exited := make(chan error, 1)
		go func() { exited <- cmd.Wait() }()
		if k%2 == 0 {
			time.Sleep(time.Duration(rng.Float64() * float64(longest)))
		} else {
			waitForWriting(run, 1+rng.IntN(4), 20*time.Second)
		}
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL), "it ended before kill %d: %s", k+1, out)
		require.Error(t, <-exited, "it ended before kill %d: %s", k+1, out)
		if isWriting(run) { // what was being written is still there, unfinished
			writing++
		}
	}
	require.Positive(t, writing)
	epochs := jsonText(complete(t, run) + 2)
	t.Logf("%d kills, %d of which left a checkpoint unfinished, then on to epoch %s", kills, writing, epochs)
	last, out := start(t, dir, program, "-resume", "run", "-epochs", epochs)
	require.NoError(t, last.Wait(), out)
	through, out := start(t, dir, program, append(args, "-epochs", epochs, "-out", "through")...)
	require.NoError(t, through.Wait(), out)

	for _, name := range []string{"metrics.csv", "last", "best"} {
		requireSame(t, filepath.Join(dir, "through", name), filepath.Join(run, name))
	}
	require.Equal(t, result(t, filepath.Join(dir, "through")), result(t, run))
}

// complete returns the number of complete epochs of a run.
func complete(t *testing.T, run string) int {
	c, err := train.LoadLast(run)
	require.NoError(t, err)
	var at struct{ Position struct{ Epoch int } }
	require.NoError(t, json.Unmarshal(c.Training, &at))
	return at.Position.Epoch
}

// waitForWriting returns when the n-th checkpoint from now on is begun.
func waitForWriting(run string, n int, limit time.Duration) {
	was := false
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Microsecond) {
		is := isWriting(run)
		if is && !was {
			if n--; n == 0 {
				return
			}
		}
		was = is
	}
}

// isWriting reports whether a checkpoint is begun and not in its place.
func isWriting(run string) bool {
	for _, name := range []string{"last.new", "best.new"} {
		if _, err := os.Lstat(filepath.Join(run, name)); err == nil {
			return true
		}
	}
	return false
}

func requireSame(t *testing.T, a, b string) {
	out, err := exec.Command("diff", "-r", a, b).CombinedOutput()
	require.NoError(t, err, string(out))
}

// result reads result.json without times.
func result(t *testing.T, dir string) (s summary) {
	data, err := os.ReadFile(filepath.Join(dir, "result.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &s))
	s.StepMillis, s.TrainingSeconds = 0, 0
	return s
}

// Ctrl-C finishes the step and says how to go on, which then works.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	program := build(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.json"), []byte(smallSpec), 0o600))
	cmd, out := start(t, dir, program, "-spec", "small.json", "-split", "few-subjects", "-epochs", "100000", "-out", "my runs/1")
	require.Eventually(t, func() bool { return train.HasCheckpoint(filepath.Join(dir, "my runs/1")) }, 30*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait())
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	message := lines[len(lines)-1]
	require.Contains(t, lines, "stopping after this step; again to stop now")
	require.Regexp(t, `^train: stopped in epoch \d+ after step \d+; it is saved, go on with: \S+ -resume 'my runs/1'$`, message)
	_, err := os.Stat(filepath.Join(dir, "my runs/1/curves.png"))
	require.NoError(t, err)

	_, shell, _ := strings.Cut(message, "go on with: ")
	resumed := exec.Command("sh", "-c", "exec "+shell)
	var log bytes.Buffer
	resumed.Dir, resumed.Stdout, resumed.Stderr = dir, &log, &log
	require.NoError(t, resumed.Start())
	time.Sleep(2 * time.Second)
	terminalGone := syscall.SIGHUP
	if signal.Ignored(syscall.SIGHUP) { // nohup means what it says
		terminalGone = syscall.SIGTERM
	}
	require.NoError(t, resumed.Process.Signal(terminalGone))
	require.Error(t, resumed.Wait())
	require.Equal(t, 130, resumed.ProcessState.ExitCode(), log.String())
	require.Contains(t, log.String(), "going on from the last checkpoint")
	require.Contains(t, log.String(), "it is saved, go on with: ")
}

// What reads the output of a run, such as tee, is gone by the same Ctrl-C. The run saves
// all the same.
func TestInterruptedPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.json"), []byte(smallSpec), 0o600))
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.Command(build(t), "-spec", "small.json", "-split", "few-subjects", "-epochs", "100000", "-quiet", "-out", "run")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, w, w
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	require.Eventually(t, func() bool { return train.HasCheckpoint(filepath.Join(dir, "run")) }, 30*time.Second, time.Millisecond)
	require.NoError(t, r.Close())
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait())
	require.Equal(t, 130, cmd.ProcessState.ExitCode(), cmd.ProcessState)
}

// The second Ctrl-C does not wait for the step, which takes a second here.
func TestSecondInterrupt(t *testing.T) {
	program := build(t)
	dir := t.TempDir()
	cmd, out := start(t, dir, program, "-batch", "64", "-save-every", "1ns", "-out", "run")
	require.Eventually(t, func() bool { return train.HasCheckpoint(filepath.Join(dir, "run")) }, 60*time.Second, time.Millisecond)
	// One more until it ends: this process may have to wait for a core, and the first ones
	// may come before the program expects a second.
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for ended := false; !ended; {
		cmd.Process.Signal(os.Interrupt) // an error says that it has ended
		select {
		case err := <-exited:
			require.Error(t, err)
			ended = true
		case <-time.After(5 * time.Millisecond):
		}
	}
	require.True(t, cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled(), out)
	require.NotContains(t, out.String(), "goroutine")
	_, err := train.LoadLast(filepath.Join(dir, "run"))
	require.NoError(t, err)
}

// smallDisk mounts a disk in memory of a size such as 3m.
func smallDisk(t *testing.T, size string) string {
	disk := filepath.Join(t.TempDir(), "disk")
	require.NoError(t, os.Mkdir(disk, 0o777))
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "none", disk).Run(); err != nil {
		t.Skip("no right to mount a small disk: ", err)
	}
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", disk).Run()) })
	return disk
}

// A disk that is full stops the run with one line, the last checkpoint stays, and
// with room again the run goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "3m")
	program := build(t)
	spec := filepath.Join(t.TempDir(), "small.json")
	require.NoError(t, os.WriteFile(spec, []byte(smallSpec), 0o600))
	run, ballast := filepath.Join(disk, "run"), filepath.Join(disk, "ballast")
	cmd, out := start(t, disk, program, "-spec", spec, "-split", "few-subjects", "-epochs", "100000", "-save-every", "1ns", "-out", "run")
	require.Eventually(t, func() bool { return train.HasCheckpoint(run) }, 30*time.Second, time.Millisecond)
	file, err := os.Create(ballast)
	require.NoError(t, err)
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, file.Close())

	require.Error(t, cmd.Wait())
	require.Equal(t, 1, cmd.ProcessState.ExitCode())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Regexp(t, `^zoo: run/(last|best) could not be saved: .*no space left on device; the checkpoint before is still there$`, lines[len(lines)-1])
	require.NotContains(t, out.String(), "goroutine")
	epochs := complete(t, run)

	require.NoError(t, os.Remove(ballast))
	again, out := start(t, disk, program, "-resume", "run", "-epochs", jsonText(epochs+1))
	require.NoError(t, again.Wait(), out)
	require.Contains(t, out.String(), "test accuracy")
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
