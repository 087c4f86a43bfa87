package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// series gives token-1, then token-2 when that is refused, and so on to last.
type series struct {
	mu       sync.Mutex
	current  int
	last     int
	refusals []string
}

func (s *series) Token(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint("token-", s.current), nil
}

func (s *series) Refused(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, token)
	if token == fmt.Sprint("token-", s.current) && s.current < s.last {
		s.current++
	}
	return token != fmt.Sprint("token-", s.current)
}

// accepting takes one token and no other.
func accepting(token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, `{"error":{"code":"unauthorized","message":"not you"}}`, http.StatusUnauthorized)
			return
		}
		accept(w, r)
	}
}

func sentTokens(requests []received) []string {
	var tokens []string
	for _, r := range requests {
		tokens = append(tokens, strings.TrimPrefix(r.Header["Authorization"], "Bearer "))
	}
	return tokens
}

// TestTokenGotAnew sends the whole request again with another token where the
// server refuses one, once, and gives up where it refuses that too.
func TestTokenGotAnew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		accepted      string
		last, retries int
		sent, refused []string
		status        int
	}{
		"ended":         {"token-2", 9, 0, []string{"token-1", "token-2"}, []string{"token-1"}, 0},
		"good":          {"token-1", 9, 0, []string{"token-1"}, nil, 0},
		"no other":      {"token-2", 1, 4, []string{"token-1"}, []string{"token-1"}, 401},
		"all are wrong": {"token-0", 9, 4, []string{"token-1", "token-2"}, []string{"token-1"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens := &series{current: 1, last: test.last}
			server, c := serve(t, accepting(test.accepted), func(o *client.Options) {
				o.Token, o.Tokens, o.Retries = "not-asked-for", tokens, test.retries
			})
			body := strings.Repeat("x", 100_000)
			_, err := put(t, c, body)
			var failed *client.Error
			if errors.As(err, &failed) != (test.status != 0) || failed != nil && failed.Status != test.status {
				t.Errorf("%v, want status %d", err, test.status)
			}
			if got := sentTokens(server.all()); !slices.Equal(got, test.sent) || !slices.Equal(tokens.refusals, test.refused) {
				t.Errorf("sent %q, refused %q", got, tokens.refusals)
			}
			for _, r := range server.all() {
				if r.Body != body {
					t.Errorf("%d bytes arrived", len(r.Body))
				}
			}
		})
	}
}

// TestTokenGotAnewByMany lets each of several requests follow whoever came first.
func TestTokenGotAnewByMany(t *testing.T) {
	t.Parallel()
	tokens := &series{current: 1, last: 2}
	_, c := serve(t, accepting("token-2"), func(o *client.Options) { o.Tokens = tokens })
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			id := artifact.ID(fmt.Sprint("abc", i))
			if _, err := c.Put(t.Context(), client.Upload{ID: id, Source: artifact.FromBytes([]byte("x"))}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// noToken fails as a whole.
type noToken struct{ err error }

func (n noToken) Token(context.Context) (string, error) { return "", n.err }
func (n noToken) Refused(string) bool                   { return true }

// TestNoToken sends nothing without the token that it asked for, and asks once.
func TestNoToken(t *testing.T) {
	t.Parallel()
	cause := errors.New("no identity")
	server, c := serve(t, accept, func(o *client.Options) { o.Tokens, o.Retries = noToken{cause}, client.DefaultRetries })
	_, err := put(t, c, "x")
	var failed *client.Error
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	want := client.Error{
		Doing: "uploading", ID: "abc", Method: http.MethodPut, URL: failed.URL,
		Attempts: 1, Err: failed.Err,
	}
	if !errors.Is(err, client.ErrNoToken) || !errors.Is(err, cause) || !reflect.DeepEqual(*failed, want) {
		t.Errorf("%+v, want %+v", *failed, want)
	}
	if len(server.all()) != 0 {
		t.Errorf("sent %v", server.all())
	}
}

// TestForeignRefusal takes a 401 from where the request was redirected to for
// that place's own: it was sent no token.
func TestForeignRefusal(t *testing.T) {
	t.Parallel()
	other := &recorder{answer: accepting("token-1")}
	elsewhere := httptest.NewServer(other)
	t.Cleanup(elsewhere.Close)
	tokens := &series{current: 1, last: 9}
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}, func(o *client.Options) { o.Tokens = tokens })
	var failed *client.Error
	if _, err := put(t, c, "x"); !errors.As(err, &failed) || failed.Status != http.StatusUnauthorized || tokens.refusals != nil {
		t.Errorf("%v, refused %q", err, tokens.refusals)
	}
	if got := sentTokens(other.all()); !slices.Equal(got, []string{""}) {
		t.Errorf("sent %q elsewhere", got)
	}
}
