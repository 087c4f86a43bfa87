//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// The identity token of a job, valid until 2096, and the token to ask GitHub for it
// with. Its signature is none: the servers of these tests compare the whole token.
const (
	jobToken = "eyJhbGciOiJSUzI1NiJ9." +
		"eyJhdWQiOiJjYWNoZSIsImV4cCI6NDAwMDAwMDAwMCwiaWF0IjoxNzAwMDAwMDAwLCJpc3MiOiJodHRwczovL2NpLmV4YW1wbGUiLCJqdGkiOjEsInN1YiI6InJlcG86YWNtZS93ZWI6cmVmOnJlZnMvaGVhZHMvbWFpbiJ9." +
		"c2lnbmF0dXJl"
	requestToken = "request-canary-77d1"
)

// gitHub is the server of GitHub's jobs, as documented: it answers a GET with the
// job's bearer token, at a URL that has a query already. mint returns the token
// for an audience.
type gitHub struct {
	*recorder
	mu     sync.Mutex
	tokens []string
}

func newGitHub(t *testing.T, mint func(audience string) string) *gitHub {
	t.Helper()
	g := new(gitHub)
	g.recorder = record(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != "/runs/1/idtoken" || query.Get("api-version") != "2.0" ||
			r.Header.Get("Authorization") != "Bearer "+requestToken || !strings.Contains(r.Header.Get("Accept"), "application/json") {
			http.Error(w, `{"message":"bad request"}`, http.StatusBadRequest)
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		token := mint(query.Get("audience"))
		g.tokens = append(g.tokens, token)
		fmt.Fprintf(w, `{"count":%d,"value":%q}`, len(token), token)
	})
	return g
}

// minted are the tokens so far.
func (g *gitHub) minted() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.tokens)
}

// job is the environment of a job there that uploads to a cache.
func (g *gitHub) job(api string, more ...string) []string {
	return append([]string{
		"GITHUB_ACTIONS=true", "CI=true", "ACTIONS_ID_TOKEN_REQUEST_URL=" + g.URL + "/runs/1/idtoken?api-version=2.0",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken, "ARTIFACT_API=" + api, "ARTIFACT_OIDC=1",
	}, more...)
}

// TestJobIdentityInterrupted revokes the token also when a signal stops the
// program.
func TestJobIdentityInterrupted(t *testing.T) {
	t.Parallel()
	oauth := record(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"access-canary-1"}`)
	})
	cache, reached := stuck(t)
	file := writeFile(t, filepath.Join(t.TempDir(), "f"), hello)
	running := start(t, call{args: []string{"put", "-q", "--no-git", file}, env: []string{
		"GITLAB_CI=true", "ARTIFACT_ID_TOKEN=" + jobToken, "ARTIFACT_API=" + cache.URL, "ARTIFACT_OIDC=1", "ARTIFACT_OIDC_TOKEN_URL=" + oauth.URL + "/token",
	}}.command(t))
	await(t, reached)
	send(t, running, syscall.SIGTERM)
	running.end(t, outcome{code: 143})
	seen := oauth.all()
	if last := seen[len(seen)-1]; len(seen) != 2 || last.URI != "/token/revoke" || last.Body != "token=access-canary-1&token_type_hint=access_token" {
		t.Errorf("%+v", seen)
	}
}
