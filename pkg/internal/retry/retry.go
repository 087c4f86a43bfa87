// Package retry repeats a request that failed for a transient reason. Start at
// [Loop.Do].
package retry

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
	// MaxAfter is the longest pause that a server can request.
	MaxAfter = 2 * time.Minute
)

// Loop retries at most Max times. Tests replace the other fields.
type Loop struct {
	Max    int
	Sleep  func(context.Context, time.Duration) error
	Now    func() time.Time
	Random func() float64 // in [0, 1)
}

// New returns a loop of at most limit retries.
func New(limit int) Loop {
	return Loop{Max: limit, Sleep: Sleep, Now: time.Now, Random: rand.Float64}
}

// Outcome is the result of an attempt.
type Outcome struct {
	// Again asks for another attempt.
	Again bool
	// After is the Retry-After header of the answer.
	After string
}

// LaterError reports that a server requested a pause longer than [MaxAfter].
type LaterError struct{ After time.Duration }

func (e *LaterError) Error() string { return "the server asks to try again in " + e.After.String() }

// Do calls try until it succeeds or the retries are used up, and calls pausing
// before each pause. It returns nil, a [*LaterError], or the cause if ctx ends
// during a pause.
func (l Loop) Do(ctx context.Context, try func() Outcome, pausing func(time.Duration)) error {
	for attempt := 1; ; attempt++ {
		outcome := try()
		if !outcome.Again || attempt > l.Max {
			return nil
		}
		pause, err := l.pause(attempt, outcome.After)
		if err != nil {
			return err
		}
		if ctx.Err() == nil {
			pausing(pause)
		}
		if err := l.Sleep(ctx, pause); err != nil {
			return context.Cause(ctx)
		}
	}
}

// pause returns how long to wait after an attempt, counted from 1: what the
// server requested, or else a random time below a limit that doubles from 1 s to
// 30 s, so that many clients do not return at once.
func (l Loop) pause(attempt int, after string) (time.Duration, error) {
	if asked, ok := ParseAfter(after, l.Now()); ok {
		if asked > MaxAfter {
			return 0, &LaterError{asked}
		}
		return asked, nil
	}
	limit := min(maxPause, firstPause<<min(attempt-1, 10))
	return time.Duration(l.Random() * float64(limit)), nil
}

// ParseAfter parses the Retry-After header (RFC 9110, section 10.2.3): any number
// of seconds, or a date.
func ParseAfter(value string, now time.Time) (time.Duration, bool) {
	seconds, err := strconv.ParseUint(value, 10, 32)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range, it is the largest
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(0, date.Sub(now)), true
}

// transient are the statuses that a retry may cure. 412 is what
// turborepo-remote-cache answers when its storage failed.
var transient = []int{
	http.StatusRequestTimeout, http.StatusPreconditionFailed, http.StatusTooEarly, http.StatusTooManyRequests,
	http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// IsTransientStatus reports whether a retry may get another status.
func IsTransientStatus(status int) bool { return slices.Contains(transient, status) }

// IsTransient reports whether a retry may cure an error of the network. It cannot
// cure a certificate, or a server that does not speak TLS.
func IsTransient(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return !errors.As(err, &certificate) && !errors.As(err, &record)
}

// Sleep waits for d, or until ctx ends and returns its error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
