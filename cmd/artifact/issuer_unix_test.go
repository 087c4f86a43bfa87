//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// startIssuer runs oidc-provider, whose tokens are valid for some seconds, and a
// cache that accepts its tokens, until the test ends.
func startIssuer(t *testing.T, seconds string) (issuer string, cache remote) {
	t.Helper()
	peer(t, "oidc-provider/package.json")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node")
	}
	program := must(filepath.Abs("../../testdata/interop/issuer.mjs"))(t)
	port := fmt.Sprint(freeport.Find(t))
	issuer = "http://127.0.0.1:" + port
	cmd := exec.Command(node, program)
	cmd.Env = []string{"PORT=" + port, "TOKEN_SECONDS=" + seconds}
	startPeer(t, cmd, remote{api: issuer})
	return issuer, turborepoRemoteCache(t, "AUTH_MODE=jwt", "JWKS_URL="+issuer+"/jwks", "JWT_ISSUER="+issuer, "JWT_AUDIENCE=https://cache.example")
}

// mintAt gets a job's token from the issuer, as a runner's server would.
func mintAt(t *testing.T, issuer, audience string) string {
	t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "resource": {audience}, "scope": {"artifact"},
		"client_id": {"runner"}, "client_secret": {"runner-secret"},
	}
	answer, err := http.PostForm(issuer+"/token", form)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer answer.Body.Close()
	var told struct {
		Token string `json:"access_token"`
		Error string `json:"error_description"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil || told.Token == "" {
		t.Errorf("%+v, %v", told, err)
	}
	return told.Token
}

// TestTurborepoRemoteCacheJWT uploads to a cache that checks tokens of a real
// OpenID provider: the job's own token, and an exchanged one, but not one for
// another audience.
func TestTurborepoRemoteCacheJWT(t *testing.T) {
	t.Parallel()
	issuer, cache := startIssuer(t, "300")
	hub := newGitHub(t, func(audience string) string { return mintAt(t, issuer, audience) })
	for name, test := range map[string]struct {
		env    []string
		code   int
		stderr string
	}{
		"as it is":         {[]string{"ARTIFACT_OIDC_AUDIENCE=https://cache.example"}, 0, ""},
		"for another":      {[]string{"ARTIFACT_OIDC_AUDIENCE=https://other.example"}, 3, "the server answered 401 Unauthorized"},
		"exchanged":        {[]string{"ARTIFACT_OIDC_AUDIENCE=" + issuer + "/token", "ARTIFACT_OIDC_ISSUER=" + issuer, "ARTIFACT_OIDC_CLIENT_ID=cl_artifact"}, 0, ""},
		"exchange refused": {[]string{"ARTIFACT_OIDC_AUDIENCE=https://other.example", "ARTIFACT_OIDC_ISSUER=" + issuer, "ARTIFACT_OIDC_CLIENT_ID=cl_artifact"}, 3, `unexpected "aud" claim value`},
		"another client":   {[]string{"ARTIFACT_OIDC_AUDIENCE=" + issuer + "/token", "ARTIFACT_OIDC_ISSUER=" + issuer, "ARTIFACT_OIDC_CLIENT_ID=nobody"}, 3, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			env := hub.job(cache.api, append(test.env, "ARTIFACT_TEAM=acme")...)
			got := call{args: []string{"put", "--verify", "--no-git", "-q", "-"}, env: env, stdin: strings.NewReader(hello)}.run(t)
			if got.code != test.code || !strings.Contains(got.stderr, test.stderr) {
				t.Errorf("%+v", got)
			}
			for _, token := range hub.minted() {
				if strings.Contains(strings.ReplaceAll(got.stderr, "::add-mask::"+token+"\n", "")+got.stdout, token) {
					t.Errorf("a token is shown: %s", got.stderr)
				}
			}
			if test.code != 0 {
				return
			}
			status := call{args: []string{"status"}, env: env}.run(t)
			if status.code != 0 || !strings.Contains(status.stdout, "\nidentity: GitHub Actions (runner), ") || !strings.Contains(status.stdout, ", expires ") {
				t.Errorf("%+v", status)
			}
		})
	}
}

// TestTurborepoRemoteCacheJWTEnds uploads for longer than a token is valid.
func TestTurborepoRemoteCacheJWTEnds(t *testing.T) {
	t.Parallel()
	issuer, cache := startIssuer(t, "8")
	hub := newGitHub(t, func(audience string) string { return mintAt(t, issuer, audience) })
	dir := t.TempDir()
	var names strings.Builder
	for i := range 10 {
		name := fmt.Sprint("file-", i)
		writeFile(t, filepath.Join(dir, name), name)
		fmt.Fprintln(&names, name)
	}
	begin := time.Now()
	got := call{
		args: []string{"put", "-q", "--no-git", "-j", "1", "--limit-requests", "1/s", "--files-from", "-"}, dir: dir, stdin: strings.NewReader(names.String()),
		env: hub.job(cache.api, "ARTIFACT_OIDC_AUDIENCE=https://cache.example", "ARTIFACT_TEAM=acme"),
	}.run(t)
	if got.code != 0 || strings.Count(got.stdout, "\n") != 10 || len(hub.minted()) < 2 || time.Since(begin) < 8*time.Second {
		t.Errorf("%d tokens in %v: %+v", len(hub.minted()), time.Since(begin), got)
	}
}
