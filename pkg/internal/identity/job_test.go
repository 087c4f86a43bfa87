package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestGitHub requests a token as GitHub documents it: with the unchanged URL, the
// audience appended, and the request token.
func TestGitHub(t *testing.T) {
	t.Parallel()
	want := jobToken(t, 1, noon)
	at := serve(t, answering(200, `{"count":1,"value":"`+want+`"}`))
	for name, test := range map[string]struct{ url, audience, uri string }{
		"as it is":           {"/x?api-version=2.0&a=%2F+b", "", "/x?api-version=2.0&a=%2F+b"},
		"with an audience":   {"/y?api-version=2.0&a=%2F+b", "cache", "/y?api-version=2.0&a=%2F+b&audience=cache"},
		"without a query":    {"/z", "cache", "/z?audience=cache"},
		"another's fragment": {"/f#x", "cache", "/f?audience=cache"},
	} {
		job := &setting{env: onGitHub(at.URL + test.url), audience: test.audience}
		i, token, err := job.token(t)
		if err != nil || token != want || !slices.Equal(job.hiddenSecrets(), []string{want}) {
			t.Fatalf("%s: %q, %v, hidden %q", name, token, err, job.hiddenSecrets())
		}
		sent := at.all()
		if last := sent[len(sent)-1]; last != (asked{Method: "GET", URI: test.uri, Authorization: "Bearer request-token", Accept: "application/json"}) {
			t.Errorf("%s: %+v", name, last)
		}
		about := About{Vendor: GitHub, Subject: "repo:acme/web", Issuer: "https://ci.example", Expires: noon.Add(5 * time.Minute)}
		if got := i.About(); got != about {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// An audience is one value, whatever is in it.
	job := &setting{env: onGitHub(at.URL + "/q?a=b"), audience: "https://x/?a&audience=y #"}
	_, _, err := job.token(t)
	if sent := at.paths(); sent[len(sent)-1] != "/q?a=b&audience=https%3A%2F%2Fx%2F%3Fa%26audience%3Dy+%23" || !errors.Is(err, ErrAudience) {
		t.Errorf("%q, %v", sent[len(sent)-1], err)
	}
}

// TestJobs finds the job and its token, or why it has none, without a request.
func TestJobs(t *testing.T) {
	t.Parallel()
	token := jobToken(t, 1, noon)
	for name, test := range map[string]struct {
		env    map[string]string
		vendor string
		failed *Error
	}{
		"GitLab":     {withToken(token), GitLab, nil},
		"CircleCI":   {map[string]string{"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN_V2": token}, CircleCI, nil},
		"elsewhere":  {map[string]string{"ARTIFACT_ID_TOKEN": " " + token + "\n"}, EnvToken, nil},
		"its own":    {map[string]string{"ARTIFACT_ID_TOKEN": token, "GITHUB_ACTIONS": "true"}, GitHub, nil},
		"instead":    {map[string]string{"ARTIFACT_ID_TOKEN": token, "CIRCLECI": "true", "CIRCLE_OIDC_TOKEN_V2": "x"}, CircleCI, nil},
		"not the V1": {map[string]string{"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN": token}, "", &Error{doingOf(CircleCI), CircleCI, NotAllowed, fmt.Errorf("CIRCLE_OIDC_TOKEN_V2 %w", ErrUnset)}},
		"unset":      {map[string]string{"GITLAB_CI": "true"}, "", &Error{doingOf(GitLab), GitLab, NotAllowed, fmt.Errorf("ARTIFACT_ID_TOKEN %w", ErrUnset)}},
		"no job":     {map[string]string{"CI": "true"}, "", &Error{"getting a CI job's identity token", "", NoJob, ErrNoJob}},
		"no JWT":     {withToken("glpat-abcdef"), "", &Error{doingOf(GitLab), GitLab, Unusable, errNotJWT}},
		"no URL":     {onGitHub(""), "", &Error{doingOf(GitHub), GitHub, NotAllowed, ErrNoPermission}},
		"bad URL":    {onGitHub("ftp://x"), "", &Error{doingOf(GitHub), GitHub, Misconfigured, fmt.Errorf("ACTIONS_ID_TOKEN_REQUEST_URL: %w", errors.New("it must begin with https://"))}},
		"user's URL": {onGitHub("https://user:pass@x"), "", &Error{doingOf(GitHub), GitHub, Misconfigured, fmt.Errorf("ACTIONS_ID_TOKEN_REQUEST_URL: %w", errors.New("it contains a user name or password"))}},
	} {
		job := &setting{env: test.env}
		i, got, err := job.token(t)
		if test.failed == nil {
			if err != nil || got != token || i.About().Vendor != test.vendor || !slices.Equal(job.hiddenSecrets(), []string{token}) {
				t.Errorf("%s: %q, %v, hidden %q", name, got, err, job.hiddenSecrets())
			}
			continue
		}
		var failed *Error
		if !errors.As(err, &failed) || !reflect.DeepEqual(failed, test.failed) {
			t.Errorf("%s: %#v, want %#v", name, err, test.failed)
		}
	}
}

// TestForks distinguishes pull requests from forks, which get no token, from
// workflows without the permission.
func TestForks(t *testing.T) {
	t.Parallel()
	event := func(head, base string) string {
		return fmt.Sprintf(`{"number":1,"pull_request":{"head":{"repo":{"full_name":%q}},"base":{"repo":{"full_name":%q}}}}`, head, base)
	}
	for name, test := range map[string]struct {
		event, file string
		want        error
	}{
		"a fork's":       {"pull_request", event("them/web", "acme/web"), ErrFork},
		"a fork's later": {"pull_request_target", event("them/web", "acme/web"), ErrFork},
		"a fork gone":    {"pull_request", `{"pull_request":{"head":{"repo":null},"base":{"repo":{"full_name":"acme/web"}}}}`, ErrFork},
		"its own":        {"pull_request", event("acme/web", "acme/web"), ErrNoPermission},
		"no PR":          {"push", event("them/web", "acme/web"), ErrNoPermission},
		"broken":         {"pull_request", `{"pull_request":{"head":`, ErrNoPermission},
		"absent":         {"pull_request", "", ErrNoPermission},
	} {
		path := filepath.Join(t.TempDir(), "event.json")
		if test.file != "" {
			must.Do(t, os.WriteFile(path, []byte(test.file), 0o600))
		}
		job := &setting{env: map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": test.event, "GITHUB_EVENT_PATH": path}}
		if _, err := job.start(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBadServer tries every failure of a job's server. Transient ones are
// retried, and the token is not sent elsewhere.
func TestBadServer(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, answering(200, `{"value":"`+jobToken(t, 1, noon)+`"}`))
	for name, test := range map[string]struct {
		handle http.HandlerFunc
		kind   Kind
		asked  int
	}{
		"denies":      {answering(403, `{"message":"no"}`), Denied, 1},
		"fails":       {answering(500, ""), Unreachable, 3},
		"is busy":     {answering(429, ""), Unreachable, 3},
		"is nowhere":  {answering(404, ""), Untrusted, 1},
		"is a page":   {answering(200, "<html>sign in"), Untrusted, 1},
		"is empty":    {answering(200, `{}`), Unusable, 1},
		"is no token": {answering(200, `{"value":"abc\ndef"}`), Unusable, 1},
		"is a list":   {answering(200, `[1]`), Untrusted, 1},
		"is endless":  {answering(200, `{"x":"`+strings.Repeat("x", 1<<20)+`","value":"`+jobToken(t, 1, noon)+`"}`), Untrusted, 1},
		"breaks off":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Unreachable, 3},
		"leads away": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, Untrusted, 1},
	} {
		at := serve(t, test.handle)
		job := &setting{env: onGitHub(at.URL + "/x?a=b")}
		_, token, err := job.token(t)
		var failed *Error
		if !errors.As(err, &failed) || failed.Kind != test.kind || failed.Vendor != GitHub || token != "" || job.hiddenSecrets() != nil && test.kind != Unusable {
			t.Errorf("%s: %v, hidden %q", name, err, job.hiddenSecrets())
		}
		if got := len(at.all()); got != test.asked || len(job.waits) != test.asked-1 {
			t.Errorf("%s: asked %d times with pauses of %v", name, got, job.waits)
		}
	}
	if got := elsewhere.all(); got != nil {
		t.Errorf("the redirect was followed: %+v", got)
	}
}

// TestWrongCertificate sends nothing to a server with a wrong certificate, and
// does not retry.
func TestWrongCertificate(t *testing.T) {
	t.Parallel()
	at := httptest.NewUnstartedServer(answering(200, `{"value":"`+jobToken(t, 1, noon)+`"}`))
	at.Config.ErrorLog = log.New(io.Discard, "", 0)
	at.StartTLS()
	t.Cleanup(at.Close)
	job := &setting{env: onGitHub(at.URL)}
	var failed *Error
	if _, _, err := job.token(t); !errors.As(err, &failed) || failed.Kind != Unreachable || job.waits != nil {
		t.Errorf("%v after %v", err, job.waits)
	}
}

// TestPassingFailure gets the token at the third attempt.
func TestPassingFailure(t *testing.T) {
	t.Parallel()
	want := jobToken(t, 1, noon)
	var at *server
	at = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(at.all()) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answering(200, `{"value":"`+want+`"}`)(w, r)
	})
	job := &setting{env: onGitHub(at.URL)}
	if _, token, err := job.token(t); err != nil || token != want || !slices.Equal(job.waits, []time.Duration{time.Second, 2 * time.Second}) {
		t.Errorf("%q, %v after %v", token, err, job.waits)
	}
}

// TestClaims parses tokens, and rejects invalid ones.
func TestClaims(t *testing.T) {
	t.Parallel()
	got, err := parseClaims(jwt(t, map[string]any{
		"sub": "s", "iss": "i", "aud": []string{"a", "b"}, "iat": 1.5, "nbf": 2, "exp": 253402300799, "other": map[string]any{"aud": 1},
	}))
	want := claims{
		Subject: "s", Issuer: "i", Audience: []string{"a", "b"}, Issued: numericDate{time.Unix(1, 5e8)},
		NotBefore: numericDate{time.Unix(2, 0)}, Expires: numericDate{time.Unix(253402300799, 0)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := parseClaims(jwt(t, nil)); err != nil || !reflect.DeepEqual(got, claims{}) {
		t.Errorf("of nothing: %+v, %v", got, err)
	}
	good := jwt(t, map[string]any{"sub": "canary"})
	parts := strings.Split(good, ".")
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"empty":         {"", errEmptyToken},
		"too long":      {strings.Repeat("x", maxToken+1), errTooLong},
		"one part":      {"canary", errNotJWT},
		"two parts":     {parts[0] + "." + parts[1], errNotJWT},
		"four parts":    {good + ".x", errNotJWT},
		"unsigned":      {parts[0] + "." + parts[1] + ".", errNotJWT},
		"line end":      {strings.Replace(good, ".", ".\n", 1), errNotJWT},
		"space":         {good + " ", errNotJWT},
		"other base64":  {parts[0] + "." + parts[1] + "=." + parts[2], errNotJWT},
		"no JSON":       {parts[0] + "." + parts[0][:4] + "." + parts[2], errBadClaims},
		"a list":        {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte("[]")) + "." + parts[2], errBadClaims},
		"a date's name": {jwt(t, map[string]any{"exp": "tomorrow"}), errBadClaims},
		"past the end":  {jwt(t, map[string]any{"exp": 1e30}), errBadClaims},
		"before time":   {jwt(t, map[string]any{"nbf": -1}), errBadClaims},
		"odd audience":  {jwt(t, map[string]any{"aud": 1}), errBadClaims},
	} {
		if got, err := parseClaims(test.token); !errors.Is(err, test.want) || !reflect.DeepEqual(got, claims{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestClock refuses a token that is not valid by this machine's clock, with a
// leeway for tokens of a moment ago.
func TestClock(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		issued, notBefore, expires time.Duration // from now; 0 if missing
		want                       string
	}{
		"good":            {-time.Minute, -time.Minute, time.Minute, ""},
		"of no time":      {0, 0, 0, ""},
		"a little ahead":  {4 * time.Minute, 0, time.Hour, ""},
		"ended":           {-2 * time.Hour, 0, -time.Hour, "from 2026-11-24T10:00:00Z until 2026-11-24T11:00:00Z"},
		"ends now":        {0, 0, -1, "until 2026-11-24T11:59:59Z"},
		"begins later":    {0, 6 * time.Minute, time.Hour, "from 2026-11-24T12:06:00Z until 2026-11-24T13:00:00Z"},
		"of the future":   {time.Hour, 0, 0, "from 2026-11-24T13:00:00Z"},
		"of both futures": {time.Hour, 2 * time.Hour, 0, "from 2026-11-24T14:00:00Z"},
	} {
		at := func(d time.Duration) numericDate {
			if d == 0 {
				return numericDate{}
			}
			return numericDate{noon.Add(d)}
		}
		err := claims{Issued: at(test.issued), NotBefore: at(test.notBefore), Expires: at(test.expires)}.check(noon, "")
		want := ErrClock.Error() + ": it is valid " + test.want + ", and this machine's clock says 2026-11-24T12:00:00Z"
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.Is(err, ErrClock) || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// FuzzClaims parses anything without a panic, and accepts only tokens that fit a
// header or a log line.
func FuzzClaims(f *testing.F) {
	f.Add("e30.e30.e30")
	f.Add("eyJhIjoxfQ.eyJleHAiOjF9.x-_x")
	f.Add("a.b\n.c")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := parseClaims(token); err == nil {
			if err := checkBearer(token); err != nil {
				t.Errorf("%q: %v", token, err)
			}
		}
	})
}
