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
			c, paused := impatient(t, server.URL)
			stored, err := c.Put(t.Context(), Upload{ID: "a", Source: artifact.FromBytes([]byte("bytes"))})
			tries := len(test.pauses) + 1
			if want := slices.Repeat([]string{"bytes"}, tries); !slices.Equal(bodies, want) || !slices.Equal(*paused, test.pauses) {
				t.Errorf("sent %q, paused %v; want %q, %v", bodies, *paused, want, test.pauses)
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
