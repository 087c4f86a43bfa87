package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// now is the clock of these tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestPutTriesAgain(t *testing.T) {
	t.Parallel()
	const accepted = 0 // after the answers below
	const half = 500 * time.Millisecond
	type pauses []time.Duration
	for name, test := range map[string]struct {
		answers []int
		header  string // Retry-After
		pauses  pauses // one after each try but the last
		status  int    // of the error
	}{
		"never":        {[]int{400}, "", nil, 400},
		"401":          {[]int{401}, "", nil, 401},
		"404":          {[]int{404}, "", nil, 404},
		"413":          {[]int{413}, "", nil, 413},
		"501":          {[]int{501}, "", nil, 501},
		"408":          {[]int{408}, "", pauses{half}, accepted},
		"412":          {[]int{412}, "", pauses{half}, accepted},
		"425":          {[]int{425}, "", pauses{half}, accepted},
		"429":          {[]int{429}, "", pauses{half}, accepted},
		"doubling":     {[]int{500, 502, 503, 504}, "", pauses{half, 2 * half, 4 * half, 8 * half}, accepted},
		"giving up":    {[]int{500, 500, 500, 500, 500}, "", pauses{half, 2 * half, 4 * half, 8 * half}, 500},
		"by seconds":   {[]int{429}, "120", pauses{2 * time.Minute}, accepted},
		"at once":      {[]int{429}, "0", pauses{0}, accepted},
		"by date":      {[]int{503}, now.Add(90 * time.Second).Format(http.TimeFormat), pauses{90 * time.Second}, accepted},
		"by past date": {[]int{503}, now.Add(-time.Hour).Format(http.TimeFormat), pauses{0}, accepted},
		"too long":     {[]int{429}, "121", nil, 429},
		"for ever":     {[]int{429}, "99999999999999999999", nil, 429},
		"nonsense":     {[]int{429}, "soon", pauses{half}, accepted},
		"negative":     {[]int{429}, "-1", pauses{half}, accepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var bodies []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				bodies = append(bodies, string(body))
				w.Header().Set("Retry-After", test.header)
				if n := len(bodies); n <= len(test.answers) {
					w.WriteHeader(test.answers[n-1])
				}
			}))
			defer server.Close()
			c := must.Get(New(Options{API: server.URL, Token: "t", Retries: DefaultRetries}))(t)
			var paused []time.Duration
			clock := now
			c.retries.Sleep = func(_ context.Context, d time.Duration) error {
				paused, clock = append(paused, d), clock.Add(d)
				return nil
			}
			c.retries.Now = func() time.Time { return clock }
			c.pace.now, c.retries.Random = c.retries.Now, func() float64 { return 0.5 }
			stored, err := c.Put(t.Context(), Upload{ID: "a", Source: artifact.FromBytes([]byte("bytes"))})
			tries := len(test.pauses) + 1
			if want := slices.Repeat([]string{"bytes"}, tries); !slices.Equal(bodies, want) || !slices.Equal(paused, test.pauses) {
				t.Errorf("sent %q, paused %v; want %q, %v", bodies, paused, want, test.pauses)
			}
			failed := new(Error)
			if err == nil {
				failed.Attempts = stored.Attempts
			} else if !errors.As(err, &failed) {
				t.Fatal(err)
			}
			if failed.Status != test.status || failed.Attempts != tries {
				t.Errorf("%v after %d tries, want status %d after %d", err, failed.Attempts, test.status, tries)
			}
			if name == "too long" && (!errors.Is(err, ErrRetryAfter) || failed.RetryAfter != 121*time.Second) {
				t.Errorf("%v, want ErrRetryAfter", err)
			}
		})
	}
}

// unavailable is a network of servers that ask for a pause. It counts requests.
type unavailable int

func (n *unavailable) RoundTrip(req *http.Request) (*http.Response, error) {
	*n++
	return &http.Response{
		StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"50"}}, Body: http.NoBody, Request: req,
	}, nil
}

// TestTimeoutBoundsAllTries, and the pauses between them.
func TestTimeoutBoundsAllTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := must.Get(New(Options{Timeout: time.Minute, Retries: 4}))(t)
		sent := new(unavailable)
		c.way = sent
		began := time.Now()
		_, err := c.Put(t.Context(), Upload{ID: "a", Source: artifact.FromBytes([]byte("bytes"))})
		if took := time.Since(began); !errors.Is(err, ErrTimeout) || *sent != 2 || took != time.Minute {
			t.Errorf("error %v after %d requests in %v, want ErrTimeout after 2 in a minute", err, *sent, took)
		}
	})
}

func TestIsTransient(t *testing.T) {
	t.Parallel()
	for want, reasons := range map[bool][]*Error{
		true: {{Err: io.EOF}, {Err: errors.New("connection reset")}, {Status: 202, Err: reply.ErrBroken}, {Status: 500, Err: reply.ErrBroken}},
		false: {
			{Err: artifact.ErrChanged}, {Err: ErrPlainHTTP}, {Err: context.Canceled},
			{Err: &tls.CertificateVerificationError{Err: io.EOF}}, {Err: tls.RecordHeaderError{}},
			{Status: 202, Err: ErrAnsweredEarly}, {Status: 200, Err: ErrNotRemoteCache}, {Status: 302, Err: ErrRedirect}, {Status: 307, Err: ErrTooManyRedirects},
		},
	} {
		for _, reason := range reasons {
			if got := reason.isTransient(); got != want {
				t.Errorf("%+v may pass: %v, want %v", reason, got, want)
			}
		}
	}
}

// TestPaceHalvesAndGrows observes the limit.
func TestPaceHalvesAndGrows(t *testing.T) {
	t.Parallel()
	status := func(status int) *Error { return &Error{Status: status} }
	type step struct {
		ends, era int // so many requests of an era
		with      *Error
		limit     int // afterwards
	}
	for first, steps := range map[int][]step{
		8: {
			{8, 0, status(429), 4}, // they halve it once
			{4, 1, status(503), 2},
			{2, 2, status(500), 2}, // says nothing of the load
			{2, 2, nil, 2},         // 2 + 1/2 + 1/2.5
			{2, 2, nil, 3},
			{100, 2, nil, 8},
		},
		1: {{1, 0, status(429), 1}, {1, 1, status(429), 1}, {1, 2, status(429), 1}, {1, 3, status(429), 1}, {1, 4, status(429), 1}},
	} {
		p := newPace(first)
		for i, step := range append([]step{{limit: first}}, steps...) {
			for range step.ends {
				p.running = max(p.running, 1)
				p.end(step.era, step.with)
			}
			for p.running < step.limit {
				if _, turn, _ := p.enter(); turn != nil {
					t.Fatalf("of %d, step %d: %d got in, want %d", first, i, p.running, step.limit)
				}
			}
			if _, turn, _ := p.enter(); turn == nil {
				t.Fatalf("of %d, step %d: more than %d got in", first, i, step.limit)
			} else {
				p.leave(turn)
			}
		}
	}
}

// TestPacePausesAll checks that all requests wait when the server asks one for a
// pause.
func TestPacePausesAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(4)
		era, _ := p.begin(t.Context())
		p.end(era, &Error{Status: http.StatusTooManyRequests, retryAfter: "30"})
		began := time.Now()
		for range 10 {
			go func() {
				era, _ := p.begin(t.Context())
				if waited := time.Since(began); waited < 30*time.Second {
					t.Errorf("began after %v", waited)
				}
				time.Sleep(time.Second)
				p.end(era, nil)
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if p.running != 0 || len(p.waiting) != 0 {
			t.Errorf("%d run and %d wait", p.running, len(p.waiting))
		}
	})
}

// TestPacePausesLoseNoTurn cancels a request that has got its turn but has to pause.
// The turn must pass to the next.
func TestPacePausesLoseNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1)
		era, _ := p.begin(t.Context())
		first, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var errs [2]error
		for i, ctx := range []context.Context{first, t.Context()} {
			go func() { _, errs[i] = p.begin(ctx) }()
			synctest.Wait() // in this order
		}
		p.end(era, &Error{Status: http.StatusTooManyRequests, retryAfter: "30"})
		time.Sleep(time.Minute)
		synctest.Wait()
		if !errors.Is(errs[0], context.DeadlineExceeded) || errs[1] != nil || p.running != 1 || len(p.waiting) != 0 {
			t.Errorf("%v and %v; %d run and %d wait", errs[0], errs[1], p.running, len(p.waiting))
		}
	})
}

// TestPaceLosesNoTurn cancels waits at every moment; all others must still get
// through.
func TestPaceLosesNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(3)
		var most, running, done atomic.Int64
		for i := range 300 {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*time.Millisecond+time.Hour*time.Duration(i%2))
				defer cancel()
				era, err := p.begin(ctx)
				if err != nil {
					return
				}
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Millisecond)
				running.Add(-1)
				done.Add(1)
				p.end(era, nil)
			}()
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if most.Load() != 3 || done.Load() < 150 || p.running != 0 || len(p.waiting) != 0 {
			t.Errorf("at most %d at a time, %d done, %d run and %d wait", most.Load(), done.Load(), p.running, len(p.waiting))
		}
	})
}

// RedactForTest exports redaction of URLs.
var RedactForTest = transport.Redact

// SkipPausesForTest makes a client retry at once.
func SkipPausesForTest(c *Client) {
	c.retries.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
}

// IsTransientForTest reports whether an error is retried.
func IsTransientForTest(e *Error) bool { return e.isTransient() }
