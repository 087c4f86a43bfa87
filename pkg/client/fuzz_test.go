package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// fuzzToken is in no seed by chance, and may be echoed by a server.
const fuzzToken = "canary-9c1f3a5e7d"

// fuzzAnswer is an answer that is in memory.
func fuzzAnswer(method string, target *url.URL, status int, header http.Header, body string) *answer {
	return &answer{reply.New(
		&http.Response{
			StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
			Request: &http.Request{Method: method, URL: target},
		},
		redact.New(fuzzToken), 0,
	)}
}

// checkShown fails for text that must not reach a terminal.
func checkShown(t *testing.T, what, text string) {
	t.Helper()
	if text != printable.Line(text, reply.MaxLine) || utf8.RuneCountInString(text) > reply.MaxLine {
		t.Errorf("%s is %d characters or not printable: %.400q", what, utf8.RuneCountInString(text), text)
	}
	if strings.Contains(text, fuzzToken) {
		t.Errorf("%s holds the token: %q", what, text)
	}
}

// FuzzErrorBody checks that every error body is shown as one printable line,
// without the token.
func FuzzErrorBody(f *testing.F) {
	for _, body := range []string{
		`{"error":{"code":"forbidden","message":"No."}}`, `{"code":"x","message":"y"}`, `{"statusCode":500,"error":"E","message":"m"}`,
		`{"error":"text"}`, `{"error":{}}`, `{"error":null,"message":["a"]}`, `{"code":12,"message":` + strings.Repeat("1", 400) + `}`,
		`{"message":1e999}`, "<html><TITLE>502 Bad Gateway</TITLE>", "<title>&#27;[2J&lt;", "<title", "plain\r\n\x1b[31mtext",
		"{", strings.Repeat("[", 5000), "Bearer " + fuzzToken, `{"message":"` + strings.Repeat("x", 290) + fuzzToken + `"}`, "\xff\xfe\u202e\u2028",
	} {
		f.Add(500, "", body, "")
	}
	f.Add(403, "text/html; charset=\"", "no page", "req-"+fuzzToken)
	f.Add(302, "application/json", `{"message":"moved"}`, "\x1b[2J")
	f.Add(200, "gzip", "\x1f\x8b", strings.Repeat("r", 1000))
	f.Fuzz(func(t *testing.T, status int, contentType, body, id string) {
		header := http.Header{
			"Content-Type": {contentType}, "X-Request-Id": {id}, "Location": {id}, "Retry-After": {body},
		}
		target := &url.URL{Scheme: "https", Host: "cache.example", Path: "/v8/artifacts/a"}
		r := request{doing: "uploading", id: "a", method: http.MethodPut, target: target}
		failed := r.refused(fuzzAnswer(http.MethodPut, target, status, header, body), nil)
		for what, text := range map[string]string{
			"code": failed.Code, "message": failed.Message, "request id": failed.RequestID, "location": failed.Location,
		} {
			checkShown(t, what, text)
		}
		if text := failed.Error(); text != printable.Text(text) || strings.Contains(text, fuzzToken) {
			t.Errorf("the error is %q", text)
		}
	})
}

// FuzzLocation checks that redirects are followed only to http and https, never
// from https to http, and never to a URL with a user name.
func FuzzLocation(f *testing.F) {
	for _, location := range []string{
		"", "/v8/artifacts/b", "//other.example/x", "https://other.example/x?sig=1", "http://other.example/", "file:///etc/passwd",
		"https://user:pw@other.example/", "https://other.example/p/v8/artifacts/a", "javascript:alert(1)", "https:opaque", "HTTP://x", "https://", "https://:1", "\x00", "%zz", "https://[::1", " /x",
	} {
		f.Add(location, http.MethodPut, http.StatusTemporaryRedirect, true)
	}
	f.Add("/x", http.MethodGet, http.StatusFound, false)
	f.Add("http://other.example", http.MethodHead, http.StatusSeeOther, false)
	f.Fuzz(func(t *testing.T, location, method string, status int, secure bool) {
		target := &url.URL{Scheme: "http", Host: "cache.example", Path: "/v8/artifacts/a"}
		if secure {
			target.Scheme = "https"
		}
		a := fuzzAnswer(method, target, status, http.Header{"Location": {location}}, "")
		checkShown(t, "location", request{target: target}.cacheAt(a))
		next, err := a.redirect()
		if err != nil {
			return
		}
		if next.Scheme != "https" && (next.Scheme != "http" || secure) || next.Hostname() == "" || next.User != nil || location == "" {
			t.Errorf("%s of %s was sent on to %q", method, target, next)
		}
		if keeps := status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect; !keeps && method != http.MethodGet && method != http.MethodHead {
			t.Errorf("%s was sent on by %d", method, status)
		}
	})
}

// FuzzFound checks that a server's description of an artifact, in headers or in
// the answer to a query, is printable and within the API's limits.
func FuzzFound(f *testing.F) {
	f.Add("263", "dGFn", "sha", "dirty", `{"a":{"size":1,"taskDurationMs":263,"tag":"dGFn","sha":"s","dirtyHash":"d"}}`)
	f.Add("1.5", "\x1b[2J", " sha", strings.Repeat("x", 201), `{"a":{"size":-1,"taskDurationMs":1e300,"tag":"\u001b[2J","sha":"\u202e"}}`)
	f.Add("9223372036855", strings.Repeat("A", 604), "\xff", "\u2028", `{"a":null,"b":{}}`)
	f.Add("NaN", "%", "", "", `{"a":{"error":{"message":"x"}}}`)
	f.Add("-1", "", "two  spaces", "", `{"a":{"size":9223372036854775808,"taskDurationMs":"7"}}`)
	f.Add("+Inf", "", "", "", `[[[[`)
	f.Fuzz(func(t *testing.T, duration, tag, sha, dirty, body string) {
		header := http.Header{
			api.HeaderDuration: {duration}, api.HeaderTag: {tag}, api.HeaderSHA: {sha}, api.HeaderDirtyHash: {dirty},
		}
		all := []Found{{Metadata: fuzzAnswer(http.MethodGet, &url.URL{}, http.StatusOK, header, "").metadata()}}
		a := fuzzAnswer(http.MethodPost, &url.URL{}, http.StatusOK, http.Header{}, body)
		var mentioned map[artifact.ID]json.RawMessage
		_ = json.Unmarshal([]byte(body), &mentioned) // else any id will do
		answers, err := a.queryAnswers(append(slices.Collect(maps.Keys(mentioned)), "a"))
		if err == nil && !json.Valid([]byte(body)) {
			t.Errorf("%q was read as an answer", body)
		}
		for _, answer := range answers {
			if answer.Presence == Present {
				all = append(all, answer.Found)
			}
		}
		for _, found := range all {
			m := found.Metadata
			for _, text := range []struct {
				value string
				limit int
			}{{m.SHA, api.MaxSHA}, {m.DirtyHash, api.MaxDirtyHash}, {m.Tag, api.MaxTag}} {
				if text.value != printable.Text(text.value) || utf8.RuneCountInString(text.value) > text.limit {
					t.Errorf("%q is longer than %d or not printable", text.value, text.limit)
				}
			}
			if found.Size < -1 || m.Duration != nil && *m.Duration < 0 {
				t.Errorf("size %d, duration %v", found.Size, m.Duration)
			}
		}
	})
}

// TestEchoIsNeverCut shows no part of an echoed token where text is truncated: at
// the cap, at the end of a broken answer, and at the longest line.
func TestEchoIsNeverCut(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte("user:" + fuzzToken))
	for name, test := range map[string]struct{ body, want string }{
		"behind blanks":   {"refused" + strings.Repeat(" ", reply.MaxBytes-len("refused")-9) + fuzzToken, "refused"},
		"at the cap":      {strings.Repeat(" ", reply.MaxBytes-3) + fuzzToken, ""},
		"before the cap":  {strings.Repeat(" ", reply.MaxBytes-len(fuzzToken)) + fuzzToken + " is refused", "***"},
		"at the longest":  {strings.Repeat("x", 290) + fuzzToken, strings.Repeat("x", 290) + "***"},
		"in base64":       {strings.Repeat("x", 280) + " " + encoded, strings.Repeat("x", 280) + " " + encoded[:7] + "***" + encoded[len(encoded)-3:]},
		"JSON, in base64": {`{"message":"` + strings.Repeat("x", 280) + " " + encoded + `"}`, strings.Repeat("x", 280) + " " + encoded[:7] + "***" + encoded[len(encoded)-3:]},
	} {
		a := fuzzAnswer(http.MethodPut, &url.URL{}, http.StatusForbidden, http.Header{}, test.body)
		if _, got := a.Explanation(); got != test.want {
			t.Errorf("%s: %.400q, want %.400q", name, got, test.want)
		}
	}
	a := fuzzAnswer(http.MethodPut, &url.URL{}, http.StatusForbidden, http.Header{}, "")
	a.Body = io.NopCloser(io.MultiReader(strings.NewReader("refused: "+fuzzToken[:12]), iotest.ErrReader(errors.New("reset"))))
	if _, got := a.Explanation(); got != "refused:" {
		t.Errorf("broken: %q", got)
	}
}
