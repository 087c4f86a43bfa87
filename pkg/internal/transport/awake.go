package transport

import (
	"context"
	"sync"
	"time"
)

// awakeSteps is how many steps a limit is counted in. A process that was
// suspended loses two of them at the most.
const awakeSteps = 16

// AfterAwake calls expired when limit has passed, not counting the time that
// the process was suspended (Ctrl-Z), unless it is stopped before. A limit of 0
// never passes. The call is made by another goroutine.
func AfterAwake(limit time.Duration, expired func()) (stop func()) {
	if limit <= 0 {
		return func() {}
	}
	step := max(limit/awakeSteps, time.Millisecond)
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		last, waited := time.Now(), time.Duration(0)
		for {
			select {
			case <-done:
				return
			case now := <-ticker.C:
				waited += min(now.Sub(last), 2*step)
				last = now
			}
			if waited >= limit {
				expired()
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

// WithTimeout is [context.WithTimeoutCause], but for two things: time in which
// the process was suspended does not count, and a limit of 0 is none.
func WithTimeout(ctx context.Context, limit time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := AfterAwake(limit, func() { cancel(cause) })
	return ctx, func() { stop(); cancel(nil) }
}
