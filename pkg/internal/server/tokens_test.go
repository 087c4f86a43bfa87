package server_test

import (
	"bufio"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

func testToken(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	for header, want := range map[string]int{
		"Bearer " + token: 404, "bearer " + token: 404, "Bearer " + readToken: 404,
		"": 401, "Bearer": 401, "Bearer ": 401, token: 401, "Basic " + token: 401, "Bearer " + token + "x": 401,
		"Bearer " + token[1:]: 401, "Bearer  " + token: 401, "Bearer " + strings.ToUpper(token): 401, "Bearer " + token + "," + readToken: 401,
	} {
		for _, path := range []string{"/v8/artifacts/a", "/nowhere"} {
			got := r.do(http.MethodGet, path, nil, "Authorization: "+header)
			if got.Status != want {
				t.Errorf("GET %s with %q: %d, want %d", path, header, got.Status, want)
			}
			if want == 401 && got.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("GET %s with %q: WWW-Authenticate is %q", path, header, got.Header.Get("WWW-Authenticate"))
			}
		}
	}
	two := r.request(http.MethodGet, "/v8/artifacts/a", nil)
	two.Header.Add("Authorization", "Bearer other")
	if got := r.answer(client.Do(two)); got.Status != 401 {
		t.Errorf("two tokens: %v", got)
	}
}

// testReadToken checks that a read token may do everything but upload.
func testReadToken(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	r.do(http.MethodPut, "/v8/artifacts/a", []byte("body"))
	const only = "Authorization: Bearer " + readToken
	for _, path := range []string{"/v8/artifacts/a", "/v8/artifacts/new", "/v8/artifacts/%2e%2e"} {
		r.expectFailure("PUT "+path, r.do(http.MethodPut, path, []byte("other"), only), 403, "forbidden", "This token may only read.")
	}
	if got := r.do(http.MethodGet, "/v8/artifacts/a", nil, only); got.Status != 200 || got.Body != "body" {
		t.Errorf("GET: %v", got)
	}
	for request, want := range map[string]int{
		"HEAD /v8/artifacts/a": 200, "HEAD /v8/artifacts/new": 404, "GET /v8/artifacts/status": 200, "OPTIONS /v8/artifacts/a": 200,
		"DELETE /v8/artifacts/a": 405, "PUT /v8/artifacts/status": 405, "PATCH /v8/artifacts/a": 405,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := r.do(method, path, nil, only); got.Status != want {
			t.Errorf("%s: %v, want %d", request, got, want)
		}
	}
	if got := r.do(http.MethodPost, "/v8/artifacts", []byte(`{"hashes":["a"]}`), only); got.Status != 200 || !strings.HasPrefix(got.Body, `{"a":{"size":4,`) {
		t.Errorf("a query: %v", got)
	}
	const event = `[{"sessionId":"3285b661-cea0-4f4c-8d66-563e369a1d77","source":"REMOTE","event":"HIT","hash":"a"}]`
	if got := r.do(http.MethodPost, "/v8/artifacts/events", []byte(event), only); got.Status != 200 {
		t.Errorf("an event: %v", got)
	}
}

// TestReplaceTokens replaces the tokens of a running server, and not by wrong ones.
func TestReplaceTokens(t *testing.T) {
	t.Parallel()
	set := tokens(t)
	r := start(t, directory(t, store.Options{}), server.Options{Tokens: set})
	expect := func(want string) {
		t.Helper()
		got := ""
		for _, with := range []string{token, readToken, "third"} {
			answer := r.do(http.MethodPut, "/v8/artifacts/a", []byte("body"), "Authorization: Bearer "+with)
			got += " " + http.StatusText(answer.Status)
		}
		if got[1:] != want {
			t.Errorf("uploads: %s, want %s", got[1:], want)
		}
	}
	expect("Accepted Forbidden Unauthorized")
	for name, test := range map[string]struct {
		write, read []string
		want        error
	}{
		"none":         {nil, nil, server.ErrNoToken},
		"an empty one": {[]string{"a", ""}, nil, server.ErrNoToken},
		"a space":      {[]string{"a b"}, nil, server.ErrTokenText},
		"not ASCII":    {nil, []string{"\u00e4"}, server.ErrTokenText},
		"a line end":   {[]string{"a\n"}, nil, server.ErrTokenText},
		"a control":    {[]string{"a\x7f"}, nil, server.ErrTokenText},
		"a long one":   {nil, []string{strings.Repeat("a", server.MaxToken+1)}, server.ErrTokenLong},
		"one for both": {[]string{"a", "b"}, []string{"c", "a"}, server.ErrTokenTwice},
	} {
		if err := set.Replace(test.write, test.read); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	expect("Accepted Forbidden Unauthorized")
	must.Do(t, set.Replace([]string{"third", "third"}, nil))
	expect("Unauthorized Unauthorized Accepted")
	must.Do(t, set.Replace([]string{readToken}, []string{token}))
	expect("Forbidden Accepted Unauthorized")
}

// TestLongestToken checks that the longest token fits the server's limit on headers.
func TestLongestToken(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", server.MaxToken)
	r := start(t, directory(t, store.Options{}), server.Options{Tokens: must.Get(server.NewTokens(nil, []string{long}))(t)})
	if got := r.do(http.MethodGet, "/v8/artifacts/status", nil, "Authorization: Bearer "+long); got.Status != 200 {
		t.Error(got)
	}
}

// TestHealth needs neither a token nor a name.
func TestHealth(t *testing.T) {
	t.Parallel()
	r := start(t, fake{}, server.Options{})
	for request, want := range map[string]answer{
		"GET /healthz":      {Status: 200, Body: "ok"},
		"GET /healthz?x=%":  {Status: 200, Body: "ok"},
		"HEAD /healthz":     {Status: 200},
		"GET /healthz/":     {Status: 421},
		"GET //healthz":     {Status: 421},
		"GET /health%7a":    {Status: 421},
		"GET /healthz%2f..": {Status: 421},
	} {
		method, path, _ := strings.Cut(request, " ")
		got := r.do(method, path, nil, "Host: evil.com", "Authorization: none")
		if got.Status != want.Status || want.Status == 200 && (got.Body != want.Body || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" || got.Header.Get("Content-Length") != "2") {
			t.Errorf("%s: %v, want %v", request, got, want)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		got := r.do(method, "/healthz", []byte("body"))
		r.expectFailure(method, got, 405, "method_not_allowed", "This path does not answer "+method+".")
		if allow := got.Header.Get("Allow"); allow != "GET, HEAD" {
			t.Errorf("%s: Allow is %q", method, allow)
		}
	}
	conn := r.raw("GET /healthz HTTP/1.0\r\n\r\n")
	if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != 200 {
		t.Errorf("HTTP/1.0 without a Host: %v, %v", got, err)
	}
}
