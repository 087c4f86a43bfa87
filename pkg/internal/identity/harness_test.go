package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/retry"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// noon is the time of most tests.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// jwt returns a token with claims and an invalid signature.
func jwt(t *testing.T, claims map[string]any) string {
	t.Helper()
	payload := must.Get(json.Marshal(claims))(t)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(payload) + "." + encode([]byte("signature"))
}

// jobToken is the n-th token of a job, good for five minutes from a time.
func jobToken(t *testing.T, n int, from time.Time) string {
	t.Helper()
	return jwt(t, map[string]any{
		"sub": "repo:acme/web", "iss": "https://ci.example", "aud": "cache", "jti": n,
		"iat": from.Unix(), "exp": from.Add(5 * time.Minute).Unix(),
	})
}

// asked is a request as it arrived.
type asked struct{ Method, URI, Authorization, Accept, Type, Form string }

// server is a server that records requests.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []asked
}

func serve(t *testing.T, handle http.HandlerFunc) *server {
	t.Helper()
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.mu.Lock()
		s.seen = append(s.seen, asked{
			r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Accept"),
			r.Header.Get("Content-Type"), r.PostForm.Encode(),
		})
		s.mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) all() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *server) paths() []string {
	var paths []string
	for _, a := range s.all() {
		paths = append(paths, a.URI)
	}
	return paths
}

// answering always returns one answer.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// clockwork is a clock that a test sets.
type clockwork struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clockwork) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clockwork) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// setting is a job in a test.
type setting struct {
	env      map[string]string
	audience string
	exchange *Exchange
	// network replaces the transport, for addresses that are not on this machine.
	network func(*url.URL) http.RoundTripper

	clock  *clockwork
	mu     sync.Mutex
	hidden []string
	waits  []time.Duration
}

// start returns the identity of a job, without real pauses.
func (s *setting) start() (*Identity, error) {
	o := Options{
		Getenv: func(name string) string { return s.env[name] }, Audience: s.audience, Exchange: s.exchange, UserAgent: "test/1",
		Environ: func() []string { return nil },
		Hide: func(secret string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.hidden = append(s.hidden, secret)
		},
	}
	w := wire{transport: o.transport, retries: retry.New(maxRetries)}
	w.retries.Random = func() float64 { return 1 }
	w.retries.Sleep = func(ctx context.Context, d time.Duration) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waits = append(s.waits, d)
		return ctx.Err()
	}
	if s.network != nil {
		w.transport = s.network
	}
	i, err := newIdentity(o, w)
	if err != nil {
		return nil, err
	}
	if s.clock == nil {
		s.clock = &clockwork{now: noon}
	}
	i.now = s.clock.read
	return i, nil
}

// token starts a job and takes its first token.
func (s *setting) token(t *testing.T) (*Identity, string, error) {
	t.Helper()
	i, err := s.start()
	if err != nil {
		return nil, "", err
	}
	token, err := i.Token(t.Context())
	return i, token, err
}

func (s *setting) hiddenSecrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hidden)
}

// onGitHub returns the environment of a GitHub job, whose server is at url.
func onGitHub(at string) map[string]string {
	return map[string]string{
		"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": at, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
	}
}

// withToken returns the environment of a job whose token is in a variable.
func withToken(token string) map[string]string {
	return map[string]string{"GITLAB_CI": "true", "ARTIFACT_ID_TOKEN": token}
}

// leadingTo is a transport that sends everything to one server.
func leadingTo(t *testing.T, s *server) func(*url.URL) http.RoundTripper {
	t.Helper()
	at := must.Get(url.Parse(s.URL))(t)
	next := transport.New(transport.Options{})
	return func(*url.URL) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			here := req.Clone(req.Context())
			here.URL.Scheme, here.URL.Host = at.Scheme, at.Host
			here.Host = ""
			return next.RoundTrip(here)
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
