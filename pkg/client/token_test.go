package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// TestTokenGotAnew sends the whole request again with another token where the
// server refuses one, once, and gives up where it refuses that too. What another
// place refuses was sent no token.
func TestTokenGotAnew(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(accepting("token-1"))
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct {
		answer        http.HandlerFunc
		last, retries int
		sent, refused []string
		status        int
	}{
		"ended":           {accepting("token-2"), 9, 0, []string{"token-1", "token-2"}, []string{"token-1"}, 0},
		"good":            {accepting("token-1"), 9, 0, []string{"token-1"}, nil, 0},
		"no other":        {accepting("token-2"), 1, 4, []string{"token-1"}, []string{"token-1"}, 401},
		"all are wrong":   {accepting("token-0"), 9, 4, []string{"token-1", "token-2"}, []string{"token-1"}, 401},
		"another place's": {answering(307, "", "", "Location", elsewhere.URL), 9, 0, []string{"token-1"}, nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens := &series{current: 1, last: test.last}
			server, c := serve(t, test.answer, func(o *client.Options) {
				o.Token, o.Tokens, o.Retries = "not-asked-for", tokens, test.retries
			})
			body := strings.Repeat("x", 100_000)
			_, err := put(t, c, body)
			var failed *client.Error
			if errors.As(err, &failed) != (test.status != 0) || failed != nil && failed.Status != test.status {
				t.Errorf("%v, want status %d", err, test.status)
			}
			var sent []string
			for _, r := range server.all() {
				sent = append(sent, strings.TrimPrefix(r.Header["Authorization"], "Bearer "))
				if r.Body != body {
					t.Errorf("%d bytes arrived", len(r.Body))
				}
			}
			if !slices.Equal(sent, test.sent) || !slices.Equal(tokens.refusals, test.refused) {
				t.Errorf("sent %q, refused %q", sent, tokens.refusals)
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
	checkError(t, err, client.Error{Err: client.ErrNoToken})
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want one that wraps %v", err, cause)
	}
	if len(server.all()) != 0 {
		t.Errorf("sent %v", server.all())
	}
}
