package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// DefaultRetries is how often a request is tried again.
const DefaultRetries = 4

const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
	// maxRetryAfter is the longest pause that a server may ask for.
	maxRetryAfter = 2 * time.Minute
)

// ErrRetryAfter says that the server asked for a longer pause than is waited
// for.
var ErrRetryAfter = errors.New("the server asks to come back later")

// Retry is told before a request is tried again.
type Retry struct {
	// Err is why.
	Err *Error
	// Attempt is the number of the try that failed, the first being 1.
	Attempt int
	// Pause is how long it is waited.
	Pause time.Duration
}

// retries decide whether and when a request is tried again.
type retries struct {
	max    int
	report func(Retry)
	sleep  func(context.Context, time.Duration) error
	now    func() time.Time
	random func() float64 // in [0, 1)
}

func newRetries(limit int, report func(Retry)) retries {
	if report == nil {
		report = func(Retry) {}
	}
	return retries{max: limit, report: report, sleep: sleep, now: time.Now, random: rand.Float64}
}

// next is the pause before another try, and whether there shall be one.
// Without a word from the server it doubles from 1 s to 30 s, and is anything
// between nothing and that, so that many clients do not come back at once.
func (r retries) next(failed *Error) (pause time.Duration, again bool) {
	if failed.Attempts > r.max || !failed.mayPass() {
		return 0, false
	}
	if asked, ok := parseRetryAfter(failed.retryAfter, r.now()); ok {
		if asked > maxRetryAfter {
			failed.Err, failed.RetryAfter = ErrRetryAfter, asked
			return 0, false
		}
		return asked, true
	}
	ceiling := min(maxPause, firstPause<<min(failed.Attempts-1, 10))
	return time.Duration(r.random() * float64(ceiling)), true
}

// passing are the statuses that another try may not meet again. Of them 412 is
// turborepo-remote-cache's word for a storage that failed.
var passing = []int{
	http.StatusRequestTimeout, http.StatusPreconditionFailed, http.StatusTooEarly, http.StatusTooManyRequests,
	http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// mayPass tells whether the reason may be gone at another try. A PUT may be
// made again even if its answer was lost: it means the same twice.
func (e *Error) mayPass() bool {
	if e.Status != 0 && e.Err == nil {
		return slices.Contains(passing, e.Status)
	}
	if e.Status != 0 {
		return errors.Is(e.Err, errBroken)
	}
	var proxy *ProxyError
	if errors.As(e.Err, &proxy) {
		return slices.Contains(passing, proxy.Status)
	}
	var broken *fault.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	for _, lasting := range []error{
		artifact.ErrChanged, ErrPlainHTTP, ErrProxyAddress, ErrTooManyRedirects, context.Canceled, ErrTimeout,
		ErrNoToken, ErrNotRemoteCache, ErrCertificateRefused, ErrCertificateWanted, ErrOldTLS,
	} {
		if errors.Is(e.Err, lasting) {
			return false
		}
	}
	return !errors.As(e.Err, &broken) && !errors.As(e.Err, &certificate) && !errors.As(e.Err, &record)
}

// parseRetryAfter reads the header (RFC 9110, section 10.2.3): seconds, of
// which there may be more than a number holds, or a date.
func parseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	seconds, err := strconv.ParseUint(value, 10, 32)
	if err == nil || errors.Is(err, strconv.ErrRange) { // then it is the largest
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(0, date.Sub(now)), true
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
