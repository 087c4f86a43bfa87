package transport

import (
	"context"
	"sync"
	"time"
)

// awakeSteps is the number of steps in a limit. A suspension costs at most two of
// them.
const awakeSteps = 16

// watch calls expired when a limit has passed between begin and end, not counting
// the time that the process was suspended (Ctrl-Z). A limit of 0 never passes. It
// can begin again, and uses a goroutine only at its steps.
type watch struct {
	expired func(phase)

	mu      sync.Mutex
	timer   *time.Timer
	phase   phase
	limit   time.Duration
	running bool
	last    time.Time
	waited  time.Duration
}

// phase is what a [watch] waits for. None begins after a later one.
type phase int

// The phases of a request.
const (
	sendingBody phase = iota
	awaitingAnswer
	readingBody
	requestOver
)

func (w *watch) step() time.Duration { return max(w.limit/awakeSteps, time.Millisecond) }

// begin counts from 0, unless a later phase has begun.
func (w *watch) begin(p phase, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p < w.phase {
		return
	}
	w.phase, w.limit, w.running, w.last, w.waited = p, limit, limit > 0, time.Now(), 0
	switch {
	case limit <= 0:
	case w.timer == nil:
		w.timer = time.AfterFunc(w.step(), w.tick)
	default:
		w.timer.Reset(w.step())
	}
}

// end stops the count. Earlier phases than p do not begin again.
func (w *watch) end(p phase) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p < w.phase {
		return
	}
	w.phase, w.running = p, false
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) tick() {
	if p, passed := w.passed(); passed {
		w.expired(p)
	}
}

// passed counts one more step.
func (w *watch) passed() (phase, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.running {
		return w.phase, false
	}
	now := time.Now()
	w.waited += min(now.Sub(w.last), 2*w.step())
	w.last = now
	if w.waited < w.limit {
		w.timer.Reset(w.step())
		return w.phase, false
	}
	w.running = false
	return w.phase, true
}

// AfterAwake is [time.AfterFunc], but time in which the process was suspended does
// not count, and a limit of 0 never passes.
func AfterAwake(limit time.Duration, expired func()) (stop func()) {
	w := &watch{expired: func(phase) { expired() }}
	w.begin(awaitingAnswer, limit)
	return func() { w.end(requestOver) }
}

// WithTimeout is [context.WithTimeoutCause], but time in which the process was
// suspended does not count, and a limit of 0 is none.
func WithTimeout(ctx context.Context, limit time.Duration, cause error) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := AfterAwake(limit, func() { cancel(cause) })
	return ctx, func() { stop(); cancel(nil) }
}
