//go:build unix

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// jobToken is the n-th identity token of a job, good for an hour. Its signature
// is none: the servers of these tests look at the whole of it.
func jobToken(t *testing.T, n int) string {
	t.Helper()
	now := time.Now().Unix()
	payload, err := json.Marshal(map[string]any{
		"sub": "repo:acme/web:ref:refs/heads/main", "iss": "https://ci.example", "aud": "cache", "jti": n, "iat": now, "exp": now + 3600,
	})
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(payload) + "." + encode([]byte("signature"))
}

// gitHub is the server that gives GitHub's jobs their tokens, as its
// documentation describes it: by GET, for the job's own bearer token, at a URL
// that has a query already. mint makes the token for an audience.
type gitHub struct {
	*recorder
	mu     sync.Mutex
	tokens []string
}

const requestToken = "request-canary-77d1"

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

// trusting is a cache that takes the tokens that accepts says.
func trusting(t *testing.T, accepts func(token string) bool) *recorder {
	t.Helper()
	return record(t, func(w http.ResponseWriter, r *http.Request) {
		if !accepts(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			http.Error(w, `{"error":{"code":"unauthorized","message":"who are you?"}}`, http.StatusUnauthorized)
			return
		}
		switch {
		case r.Method == http.MethodPut:
			w.WriteHeader(http.StatusAccepted)
		case r.URL.Path == "/v8/artifacts/status":
			fmt.Fprint(w, `{"status":"enabled"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func masks(tokens ...string) string {
	var lines strings.Builder
	for _, token := range tokens {
		lines.WriteString("::add-mask::" + token + "\n")
	}
	return lines.String()
}

// TestJobIdentity uploads with the job's own token, which stands nowhere but in
// the line that hides it from GitHub's log.
func TestJobIdentity(t *testing.T) {
	t.Parallel()
	hub := newGitHub(t, func(string) string { return jobToken(t, 1) })
	cache := trusting(t, func(token string) bool { return token == jobToken(t, 1) || slices.Contains(hub.minted(), token) })
	put := []string{"put", "--no-git", "--oidc-audience", "cache", "-"}
	for _, mode := range []string{"-q", "-v", "--json"} {
		got := call{args: append(slices.Clone(put), mode), env: hub.job(cache.URL), stdin: strings.NewReader(hello)}.run(t)
		minted := hub.minted()
		mask := masks(minted[len(minted)-1])
		before, rest, ok := strings.Cut(got.stderr, mask)
		rest = before + rest
		if got.code != 0 || !ok || !strings.Contains(got.stdout, helloSHA256) {
			t.Errorf("%s: %+v", mode, got)
		}
		for _, secret := range append(minted, requestToken) {
			if strings.Contains(rest+got.stdout, secret) {
				t.Errorf("%s shows a secret: %+v", mode, got)
			}
		}
		if mode == "-q" && rest != "" || mode == "-v" && !strings.Contains(rest, "/runs/1/idtoken?api-version=***&audience=***: 200") {
			t.Errorf("%s: %s", mode, rest)
		}
	}
	if got := hub.all()[0].URI; got != "/runs/1/idtoken?api-version=2.0&audience=cache" {
		t.Errorf("asked for %s", got)
	}
	// The job's token goes before another one, which is said.
	got := call{args: put, env: hub.job(cache.URL, "ARTIFACT_TOKEN="+token), stdin: strings.NewReader(hello)}.run(t)
	if want := "artifact: warning: ARTIFACT_TOKEN is not used: --oidc is set, and the job's own identity goes before it\n"; got.code != 0 || !strings.Contains(got.stderr, want) {
		t.Errorf("%+v", got)
	}
	// A cache that does not trust the job is not asked again and again.
	before := len(hub.minted())
	stranger := trusting(t, func(string) bool { return false })
	got = call{args: []string{"put", "--no-git", "-"}, env: hub.job(stranger.URL), stdin: strings.NewReader(hello)}.run(t)
	minted := hub.minted()[before:]
	got.check(t, outcome{code: 3, stderr: masks(minted...) + "artifact: uploading -" +
		": the server answered 401 Unauthorized: who are you?\n" +
		"artifact: hint: The cache does not take the job's identity. It would have to trust the issuer https://ci.example for the subject repo:acme/web:ref:refs/heads/main.\n" +
		"artifact: hint: Check --oidc-audience too. Some caches want the token exchanged: --oidc-client-id, --oidc-token-url.\n"})
	if len(minted) != 2 {
		t.Errorf("%d tokens for one upload", len(minted))
	}
}

// exchanger gives access-N for the N-th job's token that it is sent, and
// remembers what it revoked.
func exchanger(t *testing.T) *recorder {
	t.Helper()
	var mu sync.Mutex
	n := 0
	return record(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/token" {
			n++
			fmt.Fprintf(w, `{"access_token":"access-canary-%d","token_type":"Bearer","expires_in":3600}`, n)
		}
	})
}

// TestJobIdentityInTheMiddle gets the token anew where a cache ends it in the
// middle of many uploads, and revokes both at the end.
func TestJobIdentityInTheMiddle(t *testing.T) {
	t.Parallel()
	hub := newGitHub(t, func(string) string { return jobToken(t, 1) })
	oauth := exchanger(t)
	var mu sync.Mutex
	uses := 0
	cache := trusting(t, func(token string) bool {
		mu.Lock()
		defer mu.Unlock()
		uses++
		return token == "access-canary-1" && uses <= 20 || token == "access-canary-2"
	})
	dir := t.TempDir()
	var names strings.Builder
	for i := range 60 {
		fmt.Fprintln(&names, filepath.Base(writeFile(t, filepath.Join(dir, fmt.Sprint("file-", i)), fmt.Sprint(i))))
	}
	got := call{
		args: []string{"put", "-q", "--no-git", "--files-from", "-"}, dir: dir, stdin: strings.NewReader(names.String()),
		env: hub.job(cache.URL, "ARTIFACT_OIDC_TOKEN_URL="+oauth.URL+"/token", "ARTIFACT_OIDC_CLIENT_ID=cl_1", "ARTIFACT_TEAM=acme"),
	}.run(t)
	minted := hub.minted()
	if len(minted) != 2 || got.code != 0 || strings.Count(got.stdout, "\n") != 60 ||
		got.stderr != masks(minted[0], "access-canary-1", minted[1], "access-canary-2") {
		t.Errorf("%d tokens: %+v", len(minted), got)
	}
	var seen []string
	for _, request := range oauth.all() {
		form, err := url.ParseQuery(request.Body)
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, strings.Join([]string{request.URI, form.Get("client_id"), form.Get("team_id_or_slug"), form.Get("token")}, " "))
	}
	if want := []string{
		"/token cl_1 acme ", "/token cl_1 acme ", "/token/revoke cl_1  access-canary-1", "/token/revoke cl_1  access-canary-2",
	}; !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
}

// TestJobIdentityInterrupted revokes the token also when a signal stops the
// program.
func TestJobIdentityInterrupted(t *testing.T) {
	t.Parallel()
	hub := newGitHub(t, func(string) string { return jobToken(t, 1) })
	oauth := exchanger(t)
	cache, reached := stuck(t)
	file := writeFile(t, filepath.Join(t.TempDir(), "f"), hello)
	running := start(t, call{
		args: []string{"put", "-q", "--no-git", file}, env: hub.job(cache.URL, "ARTIFACT_OIDC_TOKEN_URL="+oauth.URL+"/token"),
	}.command(t))
	<-reached
	send(t, running, syscall.SIGTERM)
	running.end(t, outcome{code: 143, stderr: masks(hub.minted()[0], "access-canary-1")})
	seen := oauth.all()
	if last := seen[len(seen)-1]; len(seen) != 2 || last.URI != "/token/revoke" || last.Body != "token=access-canary-1&token_type_hint=access_token" {
		t.Errorf("%+v", seen)
	}
}

// TestJobIdentityNotRevoked says so where that fails, and has succeeded.
func TestJobIdentityNotRevoked(t *testing.T) {
	t.Parallel()
	cache := trusting(t, func(token string) bool { return token == "abc" })
	oauth := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, `{"access_token":"abc"}`)
	})
	got := call{args: []string{"put", "--no-git", "--oidc", "--oidc-token-url", oauth.URL + "/token", "-"}, stdin: strings.NewReader(hello),
		env: []string{"GITLAB_CI=true", "ARTIFACT_ID_TOKEN=" + jobToken(t, 1), "ARTIFACT_API=" + cache.URL}}.run(t)
	want := "artifact: warning: the access token was not revoked, and is good until it ends: revoking the access token at " + oauth.URL + "/token/revoke: the server answered 404 Not Found\n"
	if got.code != 0 || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("%+v", got)
	}
}

// TestJobTokenIsNoCommand gives GitHub's runner no command that stands in what
// came for a token.
func TestJobTokenIsNoCommand(t *testing.T) {
	t.Parallel()
	hub := newGitHub(t, func(string) string { return "a.b.c\n::stop-commands::x\r::set-output name=y::z" })
	call{args: []string{"put", "-q", "--no-git", "-"}, env: hub.job("http://127.0.0.1:1"), stdin: strings.NewReader(hello)}.run(t).check(t, outcome{
		code: 3, stderr: "artifact: getting the job's identity token from GitHub Actions: what came is no JWT\n" +
			"artifact: hint: That is no identity token: check the pipeline, and what it sets ARTIFACT_ID_TOKEN to.\n"})
}

// TestNoJobIdentity sends nothing to a cache without the identity that was asked
// for, and says why there is none.
func TestNoJobIdentity(t *testing.T) {
	t.Parallel()
	cache := record(t, nil)
	event := writeFile(t, filepath.Join(t.TempDir(), "event.json"),
		`{"pull_request":{"head":{"repo":{"full_name":"them/web"}},"base":{"repo":{"full_name":"acme/web"}}}}`)
	lie := record(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"issuer":"https://evil.example"}`) })
	now := time.Now()
	old := fmt.Sprintf(`{"exp":%d}`, now.Add(-time.Hour).Unix())
	ended := "eyJhIjoxfQ." + base64.RawURLEncoding.EncodeToString([]byte(old)) + ".c2ln"
	good := jobToken(t, 1)
	for name, test := range map[string]struct {
		env    []string
		code   int
		stderr string // a pattern
	}{
		"a fork's": {[]string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_EVENT_PATH=" + event}, 3,
			"^artifact: getting the job's identity token from GitHub Actions: this pull request comes from a fork, whose jobs get no identity token\nartifact: hint: Run the upload where"},
		"not allowed": {[]string{"GITHUB_ACTIONS=true"}, 3,
			"^artifact: getting the job's identity token from GitHub Actions: this job may not ask for one: its workflow grants no id-token: write\n(?s:.*)    id-token: write\n"},
		"a fork's with a token": {[]string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_EVENT_PATH=" + event, "ARTIFACT_TOKEN=" + token}, 3, "comes from a fork"},
		"GitLab":                {[]string{"GITLAB_CI=true"}, 3, "^artifact: getting the job's identity token from GitLab: ARTIFACT_ID_TOKEN is not set\n(?s:.*)id_tokens:\n"},
		"CircleCI":              {[]string{"CIRCLECI=true"}, 3, "^artifact: getting the job's identity token from CircleCI: CIRCLE_OIDC_TOKEN_V2 is not set\n"},
		"Buildkite":             {[]string{"BUILDKITE=true"}, 3, `^artifact: getting the job's identity token from Buildkite: exec: "buildkite-agent": executable file not found in \$PATH\n`},
		"no job":                {nil, 3, "^artifact: getting a CI job's identity token: this is no CI job with an identity\nartifact: hint: Known are GitHub Actions, GitLab, CircleCI and Buildkite;"},
		"no token":              {[]string{"ARTIFACT_ID_TOKEN=glpat-1234"}, 3, "^artifact: getting the job's identity token from ARTIFACT_ID_TOKEN: what came is no JWT\n"},
		"ended":                 {[]string{"ARTIFACT_ID_TOKEN=" + ended}, 3, "the token is not valid at this time: it is valid until [-0-9T:]+Z, and this machine's clock says [-0-9T:]+Z\nartifact: hint: Set this machine's clock"},
		"another audience":      {[]string{"ARTIFACT_ID_TOKEN=" + good, "ARTIFACT_OIDC_AUDIENCE=other"}, 3, `the token is for another audience: "cache", and not "other"` + "\n"},
		"plain http":            {[]string{"ARTIFACT_ID_TOKEN=" + good, "ARTIFACT_OIDC_TOKEN_URL=http://192.0.2.1/token", "ARTIFACT_ALLOW_HTTP=1"}, 2, "plain http leaves this machine, to 192.0.2.1:80\nartifact: hint: The job's identity goes to https:// only"},
		"unreachable":           {[]string{"ARTIFACT_ID_TOKEN=" + good, "ARTIFACT_OIDC_ISSUER=http://127.0.0.1:1"}, 9, "^artifact: looking up the issuer http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused\nartifact: hint: Nothing was sent"},
		"a liar":                {[]string{"ARTIFACT_ID_TOKEN=" + good, "ARTIFACT_OIDC_ISSUER=" + lie.URL}, 8, `: it says that it is "https://evil.example"` + "\nartifact: hint: Nothing was sent"},
		"no place":              {[]string{"ARTIFACT_ID_TOKEN=" + good, "ARTIFACT_OIDC_CLIENT_ID=cl_1"}, 2, "^artifact: nothing tells where to exchange the job's identity token: give --oidc-token-url or --oidc-issuer\n"},
		"Vercel":                {[]string{"ARTIFACT_ID_TOKEN=" + good, "ARTIFACT_API=https://vercel.com/api"}, 2, "^artifact: the cache of Vercel takes no identity token of a CI: to exchange it, give --oidc-client-id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bin := t.TempDir() // nobody's agent
			env := append([]string{"ARTIFACT_API=" + cache.URL}, test.env...)
			cmd := call{args: []string{"put", "-q", "--no-git", "--oidc", "-"}, env: env, stdin: strings.NewReader(hello)}.command(t)
			if name == "Buildkite" {
				cmd.Env = append(cmd.Env, "PATH="+bin)
			}
			got := finish(t, cmd)
			if got.code != test.code || got.stdout != "" || !regexp.MustCompile(test.stderr).MatchString(got.stderr) ||
				strings.Contains(got.stderr, good) || strings.Contains(got.stderr, ended) {
				t.Errorf("%+v", got)
			}
		})
	}
	t.Cleanup(func() {
		if got := cache.all(); got != nil {
			t.Errorf("sent %+v", got)
		}
	})
}

// TestJobIdentityUnconfirmed gives no identity to a cache that only the work tree
// names, and asks for none.
func TestJobIdentityUnconfirmed(t *testing.T) {
	t.Parallel()
	hub := newGitHub(t, func(string) string { return jobToken(t, 1) })
	cache := record(t, nil)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "turbo.json"), `{"remoteCache":{"apiUrl":"`+cache.URL+`"}}`)
	got := call{args: []string{"put", "--no-git", "-"}, env: hub.job(""), dir: dir, stdin: strings.NewReader(hello)}.run(t)
	if got.code != 3 || !strings.Contains(got.stderr, "which nobody has confirmed") || hub.all() != nil || cache.all() != nil {
		t.Errorf("%+v", got)
	}
}

// TestBuildkiteAgent asks the agent, which gets the job's variables and no
// token for a cache.
func TestBuildkiteAgent(t *testing.T) {
	t.Parallel()
	token := jobToken(t, 1)
	cache := trusting(t, func(sent string) bool { return sent == token })
	for name, test := range map[string]struct {
		script string
		code   int
		stderr string
	}{
		"gives one": {`[ "$*" = "oidc request-token --audience cache" ] && [ "$BUILDKITE_JOB_ID" = 7 ] && [ "$BUILDKITE_AGENT_ACCESS_TOKEN" = a-secret ] && [ -z "$TURBO_TOKEN$ARTIFACT_OIDC" ] && echo ` + token,
			0, ""},
		"gives none": {"echo info >&2; echo 'fatal: this job (a-secret) may not' >&2; exit 1", 3,
			"artifact: getting the job's identity token from Buildkite: buildkite-agent: exit status 1: fatal: this job (***) may not\n" +
				"artifact: hint: The job has no identity that it could show. Buildkite's agent has to be on the PATH, and of a version that knows oidc.\n"},
		"talks": {"head -c 100000 /dev/zero | tr '\\0' x", 3,
			"artifact: getting the job's identity token from Buildkite: what came is longer than the 16 KiB of any token\n" +
				"artifact: hint: That is no identity token: check the pipeline, and what it sets ARTIFACT_ID_TOKEN to.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bin := t.TempDir()
			agent := writeFile(t, filepath.Join(bin, "buildkite-agent"), "#!/bin/sh\n"+test.script+"\n")
			if err := os.Chmod(agent, 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := call{args: []string{"put", "-q", "--no-git", "--oidc-audience", "cache", "-"}, stdin: strings.NewReader(hello), env: []string{
				"BUILDKITE=true", "BUILDKITE_JOB_ID=7", "BUILDKITE_AGENT_ACCESS_TOKEN=a-secret", "TURBO_TOKEN=another", "ARTIFACT_OIDC=1", "ARTIFACT_API=" + cache.URL,
			}}.command(t)
			cmd.Env = append(cmd.Env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			want := outcome{code: test.code, stderr: test.stderr}
			if test.code == 0 {
				want.stdout = helloSHA256 + "\n"
			}
			finish(t, cmd).check(t, want)
		})
	}
}

// TestStatusOfJobIdentity tells who the job is and until when.
func TestStatusOfJobIdentity(t *testing.T) {
	t.Parallel()
	hub := newGitHub(t, func(string) string { return jobToken(t, 1) })
	cache := trusting(t, func(token string) bool { return slices.Contains(hub.minted(), token) || token == "access-canary-1" })
	got := call{args: []string{"status"}, env: hub.job(cache.URL)}.run(t)
	want := regexp.MustCompile(`^API: ` + cache.URL + ` \(ARTIFACT_API\)\nteam: none, which is the personal account\ntoken: found \(--oidc\)\n` +
		`identity: GitHub Actions \(repo:acme/web:ref:refs/heads/main\), expires \d\d:\d\d:\d\d UTC \(in (1h0m0s|59m5\ds)\)\ncache: enabled\n$`)
	if got.code != 0 || !want.MatchString(got.stdout) || got.stderr != masks(hub.minted()...) {
		t.Errorf("%+v", got)
	}
	oauth := exchanger(t)
	got = call{args: []string{"status", "--json", "--oidc-token-url", oauth.URL + "/token"}, env: hub.job(cache.URL)}.run(t)
	want = regexp.MustCompile(`"identity":\{"vendor":"GitHub Actions","subject":"repo:acme/web:ref:refs/heads/main","issuer":"https://ci.example",` +
		`"exchange":"` + oauth.URL + `/token","expires":"[-0-9]{10}T[:0-9]{8}Z"\}`)
	if got.code != 0 || !want.MatchString(got.stdout) || strings.Contains(got.stdout, "canary") {
		t.Errorf("%+v", got)
	}
	stranger := trusting(t, func(string) bool { return false })
	got = call{args: []string{"status", "-q"}, env: hub.job(stranger.URL)}.run(t)
	if got.code != 3 || !strings.Contains(got.stderr, "artifact: hint: The cache does not take the job's identity. It would have to trust the issuer https://ci.example for") {
		t.Errorf("%+v", got)
	}
}

// TestServeWithoutJobIdentity lets the commands below serve use its cache and
// not the job's identity.
func TestServeWithoutJobIdentity(t *testing.T) {
	t.Parallel()
	hub := newGitHub(t, func(string) string { return jobToken(t, 1) })
	got := call{args: []string{"serve", "--", "artifact", "put", "-q", "--no-git", "-"}, env: hub.job("", "ARTIFACT_ID_TOKEN="+jobToken(t, 2)), stdin: strings.NewReader(hello)}.run(t)
	got.check(t, outcome{stdout: helloSHA256 + "\n"})
	if hub.all() != nil {
		t.Errorf("asked for %+v", hub.all())
	}
}
