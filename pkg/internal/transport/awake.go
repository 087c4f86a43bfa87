package transport

import (
	"context"
	"sync"
	"time"
)

// awakeSteps is how many steps a limit is counted in. A process that was
// suspended loses two of them at the most.
const awakeSteps = 16

// watch calls expired when limit has passed between begin and end, not counting
// the time that the process was suspended (Ctrl-Z). A limit of 0 never passes. It
// can begin again, and uses a goroutine only at its steps.
type watch struct {
	limit   time.Duration
	expired func()

	mu            sync.Mutex
	timer         *time.Timer
	running, over bool
	last          time.Time
	waited        time.Duration
}

func (w *watch) step() time.Duration { return max(w.limit/awakeSteps, time.Millisecond) }

// begin counts from 0.
func (w *watch) begin() {
	if w.limit <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.running, w.last, w.waited = true, time.Now(), 0
	if w.timer == nil {
		w.timer = time.AfterFunc(w.step(), w.tick)
	} else {
		w.timer.Reset(w.step())
	}
}

// end stops it, until it begins again.
func (w *watch) end() { w.halt(false) }

// finish stops it for good.
func (w *watch) finish() { w.halt(true) }

func (w *watch) halt(forever bool) {
	if w.limit <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running, w.over = false, w.over || forever
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) tick() {
	if w.passed() {
		w.expired()
	}
}

// passed counts one more step.
func (w *watch) passed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.running {
		return false
	}
	now := time.Now()
	w.waited += min(now.Sub(w.last), 2*w.step())
	w.last = now
	if w.waited < w.limit {
		w.timer.Reset(w.step())
		return false
	}
	w.running = false
	return true
}

// AfterAwake is [time.AfterFunc], but time in which the process was suspended does
// not count, and a limit of 0 never passes.
func AfterAwake(limit time.Duration, expired func()) (stop func()) {
	w := &watch{limit: limit, expired: expired}
	w.begin()
	return w.finish
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
