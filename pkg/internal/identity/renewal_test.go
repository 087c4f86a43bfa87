package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// minting returns GitHub's server with a clock. Its n-th token is jobToken(n).
func minting(t *testing.T, clock *clockwork) (at *server, fail *atomic.Bool) {
	t.Helper()
	fail = new(atomic.Bool)
	n := 0
	var mu sync.Mutex
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if fail.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		n++
		answering(200, fmt.Sprintf(`{"value":%q}`, jobToken(t, n, clock.read())))(w, r)
	}), fail
}

// TestRenewal renews a token a minute before it expires, not earlier.
func TestRenewal(t *testing.T) {
	t.Parallel()
	job := &setting{clock: &clockwork{now: noon}}
	at, fail := minting(t, job.clock)
	job.env = onGitHub(at.URL)
	i := must.Get(job.start())(t)
	check := func(what, want string) {
		t.Helper()
		if got, err := i.Token(t.Context()); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", what, got, err, want)
		}
	}
	first := jobToken(t, 1, noon)
	check("at once", first)
	check("again", first)
	job.clock.pass(4*time.Minute - 1)
	check("before its time", first)
	job.clock.pass(1)
	second := jobToken(t, 2, job.clock.read())
	check("in time", second)
	if got, want := i.About().Expires, noon.Add(9*time.Minute); !got.Equal(want) {
		t.Errorf("expires %v, want %v", got, want)
	}

	// A failing server does not matter while the token is valid.
	job.clock.pass(4 * time.Minute)
	fail.Store(true)
	asked := len(at.all())
	check("during a failure", second)
	check("during a failure, again", second)
	if got := len(at.all()) - asked; got != 1+maxRetries {
		t.Errorf("asked %d times during the failure", got)
	}
	job.clock.pass(renewalPause)
	fail.Store(false)
	third := jobToken(t, 3, job.clock.read())
	check("after the failure", third)

	job.clock.pass(5 * time.Minute)
	fail.Store(true)
	var failed *Error
	if got, err := i.Token(t.Context()); !errors.As(err, &failed) || failed.Kind != Unreachable || got != "" {
		t.Errorf("at the end: %q, %v", got, err)
	}
	if got, want := job.hiddenSecrets(), []string{first, second, third}; !slices.Equal(got, want) {
		t.Errorf("hidden %q, want %q", got, want)
	}
}

// TestSkewedClock uses a new token for its whole lifetime even if the vendor's
// clock is slightly off.
func TestSkewedClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-4 * time.Minute, 4 * time.Minute} {
		theirs := &clockwork{now: noon.Add(skew)}
		at, _ := minting(t, theirs)
		job := &setting{env: onGitHub(at.URL), clock: &clockwork{now: noon}}
		i, _, err := job.token(t)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := i.About().Expires, noon.Add(5*time.Minute); !got.Equal(want) {
			t.Errorf("%v off: expires %v, want %v", skew, got, want)
		}
	}
	theirs := &clockwork{now: noon.Add(-6 * time.Minute)}
	at, _ := minting(t, theirs)
	job := &setting{env: onGitHub(at.URL), clock: &clockwork{now: noon}}
	if _, _, err := job.token(t); !errors.Is(err, ErrClock) {
		t.Errorf("far off: %v", err)
	}
}

// TestRefusal gets another token when one is refused, but not repeatedly, and not
// if the job has only one.
func TestRefusal(t *testing.T) {
	t.Parallel()
	job := &setting{clock: &clockwork{now: noon}}
	at, _ := minting(t, job.clock)
	job.env = onGitHub(at.URL)
	i, first, err := job.token(t)
	if err != nil || i.Refused("a token of long ago") != true {
		t.Fatal(err)
	}
	next := func() string {
		t.Helper()
		token := must.Get(i.Token(t.Context()))(t)
		return token
	}
	for range 2 { // as by two concurrent requests
		if !i.Refused(first) {
			t.Error("the first one is final")
		}
	}
	second := next()
	if second == first || i.Refused(second) || next() != second {
		t.Error("what came for a refused one is got anew at once")
	}
	if !i.Refused(first) {
		t.Error("a late refusal of the one before is final")
	}
	job.clock.pass(minReplacementAge)
	if !i.Refused(second) || next() == second {
		t.Error("it is not got anew later either")
	}
	if got := len(at.all()); got != 3 {
		t.Errorf("asked %d times", got)
	}

	only := &setting{env: withToken(jobToken(t, 1, noon))}
	i, token, err := only.token(t)
	if err != nil || i.Refused(token) {
		t.Errorf("the only token can be got anew: %v", err)
	}
}

// TestOnlyOneAsks has many callers share one request, or stop waiting for it.
func TestOnlyOneAsks(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		answering(200, `{"value":"`+jobToken(t, 1, noon)+`"}`)(w, r)
	})
	job := &setting{env: onGitHub(at.URL)}
	i := must.Get(job.start())(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if token, err := i.Token(t.Context()); err != nil || token != jobToken(t, 1, noon) {
				t.Errorf("%q, %v", token, err)
			}
		})
	}
	for len(at.all()) == 0 {
		time.Sleep(time.Millisecond)
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := i.Token(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("while somebody else asks: %v", err)
	}
	close(release)
	all.Wait()
	if got := len(at.all()); got != 1 {
		t.Errorf("asked %d times", got)
	}
}

// TestRevocation revokes every valid access token once, but not the job's
// identity tokens.
func TestRevocation(t *testing.T) {
	t.Parallel()
	job := &setting{clock: &clockwork{now: noon}}
	at, _ := minting(t, job.clock)
	n := 0
	var revoked []string
	oauth := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token/revoke" {
			revoked = append(revoked, r.PostForm.Get("token"))
			if r.PostForm.Get("token") == "access-2" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return
		}
		n++
		seconds := 600
		if n == 4 {
			seconds = 20
		}
		answering(200, fmt.Sprintf(`{"access_token":"access-%d","expires_in":%d}`, n, seconds))(w, r)
	})
	job.env, job.exchange = onGitHub(at.URL), &Exchange{TokenURL: oauth.URL + "/token"}
	i := must.Get(job.start())(t)
	for range 3 { // at 0, 9 and 18 minutes, each for 10
		must.Get(i.Token(t.Context()))(t)
		job.clock.pass(9 * time.Minute)
	}
	job.clock.pass(-9 * time.Minute)
	if _, err := i.Token(t.Context()); err != nil || !i.Refused("access-3") {
		t.Fatal(err)
	}
	if token, err := i.Token(t.Context()); err != nil || token != "access-4" {
		t.Fatal(token, err)
	}
	job.clock.pass(30 * time.Second) // 18:30: the first and the fourth have ended, the others have not
	var failed *Error
	if err := i.Revoke(t.Context()); !errors.As(err, &failed) || failed.Doing != "revoking the access token at "+oauth.URL+"/token/revoke" {
		t.Errorf("%v", err)
	}
	if want := []string{"access-2", "access-3"}; !slices.Equal(revoked, want) {
		t.Errorf("revoked %q, want %q", revoked, want)
	}
	sent := &setting{env: withToken(jobToken(t, 1, noon))}
	if i, _, err := sent.token(t); err != nil || i.Revoke(t.Context()) != nil {
		t.Error(err)
	}
}
