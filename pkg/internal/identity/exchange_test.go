package identity

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/reply"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// exchanging returns a job that exchanges its token.
func exchanging(t *testing.T, o Exchange) *setting {
	t.Helper()
	return &setting{env: withToken(jobToken(t, 1, noon)), exchange: &o}
}

const formType = "application/x-www-form-urlencoded"

// TestVercel exchanges and revokes a token as Vercel documents it.
func TestVercel(t *testing.T) {
	t.Parallel()
	vercel := serve(t, answering(200, `{"access_token":"vca_access.1-x","token_type":"Bearer","expires_in":3600}`))
	job := exchanging(t, Exchange{TokenURL: VercelTokenURL, ClientID: "cl_1", Team: "team_a", PolicyID: "pol_1"})
	job.network = leadingTo(t, vercel)
	i, token, err := job.token(t)
	subject := jobToken(t, 1, noon)
	if err != nil || token != "vca_access.1-x" || !slices.Equal(job.hiddenSecrets(), []string{subject, "vca_access.1-x"}) {
		t.Fatalf("%q, %v, hidden %q", token, err, job.hiddenSecrets())
	}
	want := About{GitLab, "repo:acme/web", "https://ci.example", VercelTokenURL, noon.Add(time.Hour)}
	if got := i.About(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := i.Revoke(t.Context()); err != nil {
		t.Error(err)
	}
	form := url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "client_id": {"cl_1"},
		"subject_token_type":   {"urn:ietf:params:oauth:token-type:id_token"},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"team_id_or_slug":      {"team_a"}, "policy_id": {"pol_1"}, "subject_token": {subject},
	}
	revocation := url.Values{"token": {"vca_access.1-x"}, "token_type_hint": {"access_token"}, "client_id": {"cl_1"}}
	if got := vercel.all(); !slices.Equal(got, []asked{
		{"POST", "/login/oauth/token", "", "application/json", formType, form.Encode()},
		{"POST", "/login/oauth/token/revoke", "", "application/json", formType, revocation.Encode()},
	}) {
		t.Errorf("%+v", got)
	}
}

// TestExchangeAnswers accepts only valid tokens, and reports other answers
// without secrets.
func TestExchangeAnswers(t *testing.T) {
	t.Parallel()
	subject := jobToken(t, 1, noon)
	for name, test := range map[string]struct {
		status   int
		body     string
		kind     Kind
		reason   string
		lifetime time.Duration // of a success
	}{
		"plain":          {200, `{"access_token":"abc"}`, 0, "", 0},
		"full":           {200, `{"access_token":"abc","issued_token_type":"x","token_type":"bearer","expires_in":300.5,"scope":"y"}`, 0, "", 300500 * time.Millisecond},
		"for ever":       {200, `{"access_token":"abc","expires_in":1e300}`, 0, "", maxLifetime},
		"for a moment":   {200, `{"access_token":"abc","expires_in":1e-300}`, 0, "", 1},
		"ended already":  {200, `{"access_token":"abc","expires_in":-1e300}`, Untrusted, "the token has already expired", 0},
		"ended":          {200, `{"access_token":"abc","expires_in":0}`, Untrusted, "the token has already expired", 0},
		"unlimited text": {200, `{"access_token":"abc","expires_in":"soon"}`, Untrusted, "the answer does not come from a token server", 0},
		"no token":       {200, `{"expires_in":300}`, Untrusted, errNotBearer.Error(), 0},
		"a header more":  {200, `{"access_token":"abc\r\nX-Evil: 1"}`, Untrusted, errNotBearer.Error(), 0},
		"a command":      {200, `{"access_token":"abc\n::set-env::"}`, Untrusted, errNotBearer.Error(), 0},
		"huge":           {200, `{"access_token":"` + strings.Repeat("x", maxToken+1) + `"}`, Untrusted, errTooLong.Error(), 0},
		"no bearer":      {200, `{"access_token":"abc","token_type":"N_A"}`, Untrusted, "the token is not a bearer token", 0},
		"a page":         {200, `<html>`, Untrusted, "the answer does not come from a token server", 0},
		"denied":         {400, `{"error":"invalid_grant","error_description":"no policy\u001b[2J for ` + subject + `"}`, Denied, "the server answered 400 Bad Request: invalid_grant: no policy?[2J for ***", 0},
		"Vercel's":       {403, `{"error":{"code":"forbidden","message":"not here"}}`, Denied, "the server answered 403 Forbidden: forbidden: not here", 0},
		"no JSON":        {401, `nope`, Denied, "the server answered 401 Unauthorized: nope", 0},
		"nowhere":        {404, ``, Untrusted, "the server answered 404 Not Found", 0},
		"fails":          {502, ``, Unreachable, "the server answered 502 Bad Gateway", 0},
		"long":           {400, `{"error":"` + strings.Repeat("x", 1000) + `"}`, Denied, "the server answered 400 Bad Request: " + strings.Repeat("x", reply.MaxLine-3) + "...", 0},
	} {
		at := serve(t, answering(test.status, test.body))
		job := exchanging(t, Exchange{TokenURL: at.URL + "/token"})
		i, token, err := job.token(t)
		if test.reason == "" {
			ends := time.Time{}
			if test.lifetime != 0 {
				ends = noon.Add(test.lifetime)
			}
			if err != nil || token != "abc" || !i.About().Expires.Equal(ends) {
				t.Errorf("%s: %q, %v, %+v", name, token, err, i.About())
			}
			continue
		}
		want := &Error{Doing: "exchanging the job's identity token at " + at.URL + "/token", Kind: test.kind, Err: errors.New(test.reason)}
		var failed *Error
		if !errors.As(err, &failed) || failed.Error() != want.Error() || failed.Kind != want.Kind || token != "" {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// describing is an issuer with a description.
func describing(t *testing.T, describe func(base string) (int, string)) *server {
	t.Helper()
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/realm/.well-known/openid-configuration" {
			status, body := describe(s.URL)
			answering(status, body)(w, r)
			return
		}
		answering(200, `{"access_token":"abc"}`)(w, r)
	})
	return s
}

// TestDiscovery sends the job's token to the endpoint that the issuer announces,
// but not if another issuer answers.
func TestDiscovery(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, answering(200, `{"access_token":"abc"}`))
	const looked = "/realm/.well-known/openid-configuration"
	for name, test := range map[string]struct {
		document string // %[1]s is the issuer, %[2]s another server
		status   int
		tokenURL string
		kind     Kind
		reason   string
		paths    []string
	}{
		"honest": {`{"issuer":"%[1]s/realm","token_endpoint":"%[1]s/t","revocation_endpoint":"%[1]s/r"}`, 200, "", 0, "",
			[]string{looked, "/t", "/r"}},
		"with a slash": {`{"issuer":"%[1]s/realm/","token_endpoint":"%[1]s/t"}`, 200, "", 0, "",
			[]string{looked, "/t"}},
		"revoked elsewhere": {`{"issuer":"%[1]s/realm","token_endpoint":"%[1]s/t","revocation_endpoint":"%[2]s/r"}`, 200, "", 0, "",
			[]string{looked, "/t"}},
		"as configured": {`{"issuer":"%[1]s/realm","token_endpoint":"%[1]s/t"}`, 200, "%[1]s/t", 0, "",
			[]string{looked, "/t"}},
		"another path than configured": {`{"issuer":"%[1]s/realm","token_endpoint":"%[1]s/t"}`, 200, "%[1]s/u", Untrusted,
			"its token endpoint is %[1]s/t, not %[1]s/u", []string{looked}},
		"another host than configured": {`{"issuer":"%[1]s/realm","token_endpoint":"%[2]s/t"}`, 200, "%[1]s/t", Untrusted,
			"its token endpoint is %[2]s/t, not %[1]s/t", []string{looked}},
		"another host": {`{"issuer":"%[1]s/realm","token_endpoint":"%[2]s/t"}`, 200, "", Untrusted,
			"its token endpoint has another origin: %[2]s/t", []string{looked}},
		"another issuer": {`{"issuer":"%[2]s/realm","token_endpoint":"%[1]s/t"}`, 200, "", Untrusted,
			`it calls itself "%[2]s/realm"`, []string{looked}},
		"another realm": {`{"issuer":"%[1]s/Realm","token_endpoint":"%[1]s/t"}`, 200, "", Untrusted,
			`it calls itself "%[1]s/Realm"`, []string{looked}},
		"no issuer": {`{"token_endpoint":"%[1]s/t"}`, 200, "", Untrusted,
			`it calls itself ""`, []string{looked}},
		"no endpoint": {`{"issuer":"%[1]s/realm"}`, 200, "", Untrusted,
			"its token endpoint: it must begin with https:// or http://", []string{looked}},
		"a page":  {`<html>`, 200, "", Untrusted, "the answer does not come from a token server", []string{looked}},
		"nowhere": {``, 404, "", Untrusted, "the server answered 404 Not Found", []string{looked}},
		"failing": {``, 503, "", Unreachable, "the server answered 503 Service Unavailable", []string{looked, looked, looked}},
	} {
		fill := func(text, base string) string {
			return strings.NewReplacer("%[1]s", base, "%[2]s", elsewhere.URL).Replace(text)
		}
		at := describing(t, func(base string) (int, string) { return test.status, fill(test.document, base) })
		job := exchanging(t, Exchange{Issuer: at.URL + "/realm", TokenURL: fill(test.tokenURL, at.URL)})
		i, token, err := job.token(t)
		if test.reason == "" {
			if err != nil || token != "abc" {
				t.Errorf("%s: %q, %v", name, token, err)
				continue
			}
			if err := i.Revoke(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else {
			want := &Error{Doing: "looking up the issuer " + at.URL + "/realm", Kind: test.kind, Err: errors.New(fill(test.reason, at.URL))}
			var failed *Error
			if !errors.As(err, &failed) || failed.Error() != want.Error() || failed.Kind != want.Kind {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
		if got := at.paths(); !slices.Equal(got, test.paths) {
			t.Errorf("%s: asked for %q", name, got)
		}
	}
	if got := elsewhere.all(); got != nil {
		t.Errorf("sent elsewhere: %+v", got)
	}
}

// TestPlainHTTP checks that no token is sent over plain http to another machine.
// The address is rejected before it is dialled.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	const far = "http://192.0.2.1/x"
	for name, job := range map[string]*setting{
		"token URL": exchanging(t, Exchange{TokenURL: far}),
		"issuer":    exchanging(t, Exchange{Issuer: far}),
		"GitHub's":  {env: onGitHub(far)},
	} {
		_, _, err := job.token(t)
		var failed *Error
		if !errors.As(err, &failed) || failed.Kind != Misconfigured || !errors.Is(err, transport.ErrPlainHTTP) || job.waits != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for raw, reason := range map[string]string{
		"token":                 `"token" must begin with https:// or http://: write https://token`,
		"https://%zz":           `"https://%zz" is not a valid URL, such as https://cache.example.com`,
		"https://user:canary@x": "it contains a user name or password",
		"file://x/etc/passwd":   "it must begin with https://",
	} {
		_, err := exchanging(t, Exchange{TokenURL: raw}).start()
		want := &Error{Doing: "exchanging the job's identity token", Kind: Misconfigured, Err: fmt.Errorf("the token URL: %w", errors.New(reason))}
		if !reflect.DeepEqual(err, error(want)) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
