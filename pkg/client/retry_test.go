package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// now is the clock of these tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// impatient makes a client that notes its pauses instead of waiting.
func impatient(t *testing.T, api string) (*Client, *[]time.Duration) {
	t.Helper()
	c := must.Get(New(Options{API: api, Token: "t", Retries: DefaultRetries}))(t)
	var pauses []time.Duration
	clock := now
	c.retries.Sleep = func(_ context.Context, d time.Duration) error {
		pauses, clock = append(pauses, d), clock.Add(d)
		return nil
	}
	c.retries.Now = func() time.Time { return clock }
	c.pace.now = c.retries.Now
	c.retries.Random = func() float64 { return 0.5 }
	return c, &pauses
}

func TestPutTriesAgain(t *testing.T) {
	t.Parallel()
	const accepted = 0 // after the answers below
	for name, test := range map[string]struct {
		answers  []int
		header   string // Retry-After
		attempts int
		pauses   []time.Duration
		status   int // of the error
	}{
		"never":        {[]int{400}, "", 1, nil, 400},
		"401":          {[]int{401}, "", 1, nil, 401},
		"404":          {[]int{404}, "", 1, nil, 404},
		"413":          {[]int{413}, "", 1, nil, 413},
		"501":          {[]int{501}, "", 1, nil, 501},
		"408":          {[]int{408}, "", 2, []time.Duration{500 * time.Millisecond}, accepted},
		"412":          {[]int{412}, "", 2, []time.Duration{500 * time.Millisecond}, accepted},
		"425":          {[]int{425}, "", 2, []time.Duration{500 * time.Millisecond}, accepted},
		"429":          {[]int{429}, "", 2, []time.Duration{500 * time.Millisecond}, accepted},
		"doubling":     {[]int{500, 502, 503, 504}, "", 5, []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}, accepted},
		"giving up":    {[]int{500, 500, 500, 500, 500}, "", 5, []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}, 500},
		"by seconds":   {[]int{429}, "120", 2, []time.Duration{2 * time.Minute}, accepted},
		"at once":      {[]int{429}, "0", 2, []time.Duration{0}, accepted},
		"by date":      {[]int{503}, now.Add(90 * time.Second).Format(http.TimeFormat), 2, []time.Duration{90 * time.Second}, accepted},
		"by past date": {[]int{503}, now.Add(-time.Hour).Format(http.TimeFormat), 2, []time.Duration{0}, accepted},
		"too long":     {[]int{429}, "121", 1, nil, 429},
		"for ever":     {[]int{429}, "99999999999999999999", 1, nil, 429},
		"nonsense":     {[]int{429}, "soon", 2, []time.Duration{500 * time.Millisecond}, accepted},
		"negative":     {[]int{429}, "-1", 2, []time.Duration{500 * time.Millisecond}, accepted},
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
			c, pauses := impatient(t, server.URL)
			stored, err := c.Put(t.Context(), Upload{ID: "a", Source: artifact.FromBytes([]byte("bytes"))})
			if want := slices.Repeat([]string{"bytes"}, test.attempts); !slices.Equal(bodies, want) {
				t.Errorf("sent %q, want %q", bodies, want)
			}
			if !slices.Equal(*pauses, test.pauses) {
				t.Errorf("paused %v, want %v", *pauses, test.pauses)
			}
			var failed *Error
			switch {
			case test.status == accepted && (err != nil || stored.Attempts != test.attempts):
				t.Errorf("%+v, %v; want success after %d tries", stored, err, test.attempts)
			case test.status != accepted && (!errors.As(err, &failed) || failed.Status != test.status || failed.Attempts != test.attempts):
				t.Errorf("%v, want status %d after %d tries", err, test.status, test.attempts)
			}
			if name == "too long" && (!errors.Is(err, ErrRetryAfter) || failed.RetryAfter != 121*time.Second) {
				t.Errorf("%v, want ErrRetryAfter", err)
			}
		})
	}
}

func TestWhatMayPass(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  *Error
		want bool
	}{
		{&Error{Err: io.EOF}, true},
		{&Error{Err: errors.New("connection reset")}, true},
		{&Error{Status: 202, Err: reply.ErrBroken}, true},
		{&Error{Status: 500, Err: reply.ErrBroken}, true},
		{&Error{Err: artifact.ErrChanged}, false},
		{&Error{Err: ErrPlainHTTP}, false},
		{&Error{Err: context.Canceled}, false},
		{&Error{Err: &tls.CertificateVerificationError{Err: io.EOF}}, false},
		{&Error{Err: tls.RecordHeaderError{}}, false},
		{&Error{Status: 202, Err: ErrAnsweredEarly}, false},
		{&Error{Status: 200, Err: ErrNotRemoteCache}, false},
		{&Error{Status: 302, Err: ErrRedirect}, false},
		{&Error{Status: 307, Err: ErrTooManyRedirects}, false},
	} {
		if got := test.err.mayPass(); got != test.want {
			t.Errorf("%+v may pass: %v, want %v", test.err, got, test.want)
		}
	}
}

// A connection that breaks is tried again, wherever it broke.
func TestPutSurvivesBrokenConnections(t *testing.T) {
	t.Parallel()
	tries := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tries++
		switch tries {
		case 1: // in the middle of the body
			io.CopyN(io.Discard, r.Body, 1000)
			panic(http.ErrAbortHandler)
		case 2: // before the answer
			io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		case 3: // in the middle of the answer
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		default:
			io.Copy(io.Discard, r.Body)
		}
	}))
	defer server.Close()
	c, pauses := impatient(t, server.URL)
	stored, err := c.Put(t.Context(), Upload{ID: "a", Source: artifact.FromBytes([]byte(strings.Repeat("x", 1<<20)))})
	if err != nil || stored.Attempts != 4 || len(*pauses) != 3 {
		t.Errorf("%+v, %v, paused %v; want success at the 4th try", stored, err, *pauses)
	}
}

// TestPaceHalvesAndGrows looks at the limit through how many get in.
func TestPaceHalvesAndGrows(t *testing.T) {
	t.Parallel()
	p := newPace(8)
	full := func(want int) {
		t.Helper()
		for p.running < want {
			if _, turn, _ := p.enter(); turn != nil {
				t.Fatalf("%d got in, want %d", p.running, want)
			}
		}
		if _, turn, _ := p.enter(); turn == nil {
			t.Fatalf("more than %d got in", want)
		} else {
			p.leave(turn)
		}
	}
	full(8)
	busy := &Error{Status: http.StatusTooManyRequests}
	for range 8 { // all of one era: they halve it once
		p.end(0, busy)
	}
	full(4)
	for range 4 {
		p.end(1, &Error{Status: http.StatusServiceUnavailable})
	}
	full(2)
	for range 2 {
		p.end(2, &Error{Status: http.StatusInternalServerError}) // says nothing of the load
	}
	full(2)
	for range 2 {
		p.end(2, nil)
	}
	full(2) // 2 + 1/2 + 1/2.5
	for range 2 {
		p.end(2, nil)
	}
	full(3)
	for range 100 {
		p.running++
		p.end(2, nil)
	}
	full(8)
}

func TestPaceNeverStops(t *testing.T) {
	t.Parallel()
	p := newPace(1)
	for era := range 5 {
		p.running++
		p.end(era, &Error{Status: http.StatusTooManyRequests})
	}
	if _, turn, _ := p.enter(); turn != nil {
		t.Error("nobody gets in")
	}
}

// TestPacePausesAll holds everybody to a pause that one was asked for.
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

// TestPaceLosesNoTurn ends waits at every moment, and lets all others through.
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
