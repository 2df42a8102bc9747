package compare

import (
	"sync"
	"time"
)

// Progress is how far a comparison is.
type Progress struct {
	Model       string  // the one whose run this is about
	Done        float64 // runs of the model, those under way in part
	ModelRuns   int     // that it will have
	Ended, Runs int     // of all models

	// Run is the run that has just ended, nil while one is under way. Found says that it
	// had ended before the comparison began; otherwise it took so long.
	Run   *Run
	Found bool
	Took  time.Duration
}

// tracker adds the progress of the runs up for OnProgress.
type tracker struct {
	call func(Progress)

	mu          sync.Mutex
	runs, ended int
	models      map[string]*Progress
	done        map[string]float64 // the part of each run
}

// more records that a model will have more runs.
func (t *tracker) more(model string, runs int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.models[model] == nil {
		t.models[model] = &Progress{Model: model}
	}
	t.runs += runs
	t.models[model].ModelRuns += runs
	t.say(*t.models[model])
}

// step records how much of a run is done: all, with what it came to, when it has ended now
// or was found.
func (t *tracker) step(j Job, done float64, r *Run, found bool, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.models[j.Model]
	m.Done += done - t.done[j.Model+j.name()]
	t.done[j.Model+j.name()] = done
	now := *m
	if now.Run, now.Found, now.Took = r, found, took; r != nil {
		t.ended++
	}
	t.say(now)
}

func (t *tracker) say(p Progress) {
	if p.Ended, p.Runs = t.ended, t.runs; t.call != nil {
		t.call(p)
	}
}
