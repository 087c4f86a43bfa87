package server_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// upload is a PUT and its expected result.
type upload struct {
	path     string
	body     []byte
	headers  []string
	stored   store.Key
	metadata artifact.Metadata
	location string
}

func uploads() map[string]upload {
	return map[string]upload{
		"all metadata": {
			path: "/v8/artifacts/de0e2b9afd5fe834?teamId=team_abc&slug=my+team&other=1", body: storetest.Bytes(1, 1<<20+1),
			headers: []string{
				"x-artifact-duration: 263", "x-artifact-client-ci: GITHUB_ACTIONS", "x-artifact-client-interactive: 0",
				"x-artifact-tag: fMSM9xKzPrMsvIp7b5SPfcEzOLR02gGHAsv4UL/yhPY=", "x-artifact-sha: a b~!", "x-artifact-dirty-hash: " + strings.Repeat("d", 200),
			},
			stored: store.Key{Team: "my team", ID: "de0e2b9afd5fe834"},
			metadata: artifact.Metadata{
				Duration: new(263 * time.Millisecond), CI: "GITHUB_ACTIONS", Interactive: new(false),
				Tag: "fMSM9xKzPrMsvIp7b5SPfcEzOLR02gGHAsv4UL/yhPY=", SHA: "a b~!", DirtyHash: strings.Repeat("d", 200),
			},
			location: "/v8/artifacts/de0e2b9afd5fe834?slug=my+team&teamId=team_abc",
		},
		"none": {path: "/v8/artifacts/none", body: []byte("x"), stored: store.Key{ID: "none"}, location: "/v8/artifacts/none"},
		"empty, with the longest duration": {
			path: "/v8/artifacts/empty?teamId=team_abc&slug=", headers: []string{"x-artifact-duration: 9223372036854", "x-artifact-client-interactive: 1"},
			stored:   store.Key{Team: "team_abc", ID: "empty"},
			metadata: artifact.Metadata{Duration: new(9223372036854 * time.Millisecond), Interactive: new(true)},
			location: "/v8/artifacts/empty?teamId=team_abc",
		},
		"an encoded id, and two slashes": {
			path: "//v8/artifacts/%25%5C..%C3%A4+%3F?slug=s", body: []byte("x"),
			stored: store.Key{Team: "s", ID: `%\..ä+?`}, location: "/v8/artifacts/%25%5C..%C3%A4%2B%3F?slug=s",
		},
		"a longer media type": {
			path: "/v8/artifacts/media", body: []byte("x"), headers: []string{"Content-Type: Application/Octet-Stream; a=b"},
			stored: store.Key{ID: "media"}, location: "/v8/artifacts/media",
		},
	}
}

func testRoundTrip(t *testing.T, open opener) {
	d := open(t, store.Options{})
	r := start(t, d, server.Options{})
	for name, test := range uploads() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.body == nil {
				test.body = []byte{}
			}
			got := r.do(http.MethodPut, test.path, test.body, test.headers...)
			text := fmt.Sprintf(`{"urls":["%s"]}`, r.url(strings.ReplaceAll(test.location, "&", `\u0026`)))
			want := answer{http.StatusAccepted, http.Header{"Content-Type": {"application/json"}, "Content-Length": {fmt.Sprint(len(text))}}, text}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("PUT: %v, want %v", got, want)
			}
			entry, err := d.Stat(t.Context(), test.stored)
			if err != nil || !reflect.DeepEqual(entry, store.Entry{Size: int64(len(test.body)), Metadata: test.metadata}) {
				t.Errorf("stored: %v, %v, want %v", entry, err, test.metadata)
			}
			header := http.Header{"Content-Type": {"application/octet-stream"}, "Content-Length": {fmt.Sprint(len(test.body))}}
			for _, line := range test.headers {
				name, value, _ := strings.Cut(line, ": ")
				if strings.HasPrefix(name, "x-") && !strings.HasPrefix(name, "x-artifact-client") {
					header.Set(name, value)
				}
			}
			for method, body := range map[string]string{http.MethodGet: string(test.body), http.MethodHead: ""} {
				got := r.do(method, test.location, nil, "Range: bytes=1-")
				if got.Status != http.StatusOK || !reflect.DeepEqual(got.Header, header) || got.Body != body {
					t.Errorf("%s: %d %v, %d bytes, want %v, %d bytes", method, got.Status, got.Header, len(got.Body), header, len(body))
				}
			}
		})
	}
}

// testTeams checks the namespace: the slug, else the id, else the personal
// account.
func testTeams(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	put := func(query string) { r.do(http.MethodPut, "/v8/artifacts/one"+query, []byte(query)) }
	put("?teamId=team_1&slug=both")
	put("?teamId=team_2")
	put("?slug=local")
	put("")
	got := make(map[string]string)
	for _, query := range []string{
		"", "?slug=", "?teamId=&slug=", "?slug=both", "?slug=both&teamId=team_9", "?teamId=team_1", "?teamId=team_2", "?slug=local", "?slug=LOCAL",
	} {
		got[query] = ""
		if a := r.do(http.MethodGet, "/v8/artifacts/one"+query, nil); a.Status == http.StatusOK {
			got[query] = "of " + a.Body
		}
	}
	want := map[string]string{
		"": "of ", "?slug=": "of ", "?teamId=&slug=": "of ", "?slug=both": "of ?teamId=team_1&slug=both",
		"?slug=both&teamId=team_9": "of ?teamId=team_1&slug=both", "?teamId=team_1": "", "?teamId=team_2": "of ?teamId=team_2",
		"?slug=local": "of ?slug=local", "?slug=LOCAL": "",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func testRefusedUploads(t *testing.T, open opener) {
	d := open(t, store.Options{MaxSize: 1 << 20})
	r := start(t, d, server.Options{})
	for _, test := range []struct {
		path    string
		header  string
		status  int
		code    string
		message string
	}{
		{"a%2Fb", "", 400, "bad_request", `invalid artifact id \"a/b\": it contains '/'; slashes, white space and control characters are not allowed.`},
		{"..%2f..%2fetc%2fpasswd", "", 400, "bad_request", `invalid artifact id \"../../etc/passwd\": it contains '/'; slashes, white space and control characters are not allowed.`},
		{"%2e%2e", "", 400, "bad_request", `invalid artifact id \"..\": the API reserves this name.`},
		{"%73tatus", "", 400, "bad_request", `invalid artifact id \"status\": the API reserves this name.`},
		{"", "", 400, "bad_request", `invalid artifact id: it is empty.`},
		{"a%00", "", 400, "bad_request", `invalid artifact id \"a\\x00\": it contains '\\x00'; slashes, white space and control characters are not allowed.`},
		{"%ff", "", 400, "bad_request", `invalid artifact id \"\\xff\": it is not valid UTF-8.`},
		{strings.Repeat("x", 256), "", 400, "bad_request", `invalid artifact id: it has 256 bytes; at most 255 are allowed.`},
		{"a/b", "", 404, "not_found", "There is nothing at this path."},
		{"../../etc/passwd", "", 404, "not_found", "There is nothing at this path."},
		{"a?slug=%", "", 400, "bad_request", "The request's query is not encoded correctly."},
		{"a?slug=a;b", "", 400, "bad_request", "The request's query is not encoded correctly."},
		{"a?slug=a&slug=b", "", 400, "bad_request", "The query gives slug more than once."},
		{"a?teamId=a%00", "", 400, "bad_request", `it cannot be stored: the team \"a\\x00\" contains a control character.`},
		{"passwd?slug=..%2F..%2Fetc", "", 400, "bad_request", "The team looks like a path."},
		{"passwd?slug=/etc", "", 400, "bad_request", "The team looks like a path."},
		{"passwd?slug=..", "", 400, "bad_request", "The team looks like a path."},
		{"passwd?teamId=%2e", "", 400, "bad_request", "The team looks like a path."},
		{`passwd?teamId=..%5Cetc`, "", 400, "bad_request", "The team looks like a path."},
		{"a", "Content-Type: text/plain", 415, "unsupported_media_type", "An upload's Content-Type must be application/octet-stream."},
		{"a", "Content-Type: ", 415, "unsupported_media_type", "An upload's Content-Type must be application/octet-stream."},
		{"a", "x-artifact-client-ci: " + strings.Repeat("x", 51), 400, "bad_request", "The header x-artifact-client-ci is wrong: it has 51 characters; at most 50 are allowed."},
		{"a", "x-artifact-sha: " + strings.Repeat("x", 201), 400, "bad_request", "The header x-artifact-sha is wrong: it has 201 characters; at most 200 are allowed."},
		{"a", "x-artifact-dirty-hash: ä", 400, "bad_request", "The header x-artifact-dirty-hash is wrong: character 1 is not printable ASCII."},
		{"a", "x-artifact-tag: no base64", 400, "bad_request", "The header x-artifact-tag is wrong: it is not base64."},
		{"a", "x-artifact-client-interactive: 2", 400, "bad_request", `The header x-artifact-client-interactive is wrong: it must be 0 or 1, not \"2\".`},
		{"a", "x-artifact-duration: 9223372036855", 400, "bad_request", "The header x-artifact-duration is wrong: 9223372036854 milliseconds are allowed."},
		{"a", "x-artifact-duration: 99999999999999999999.5", 400, "bad_request", "The header x-artifact-duration is wrong: 9223372036854 milliseconds are allowed."},
		{"a", "x-artifact-duration: +1", 400, "bad_request", `The header x-artifact-duration is wrong: it must be 0 or more milliseconds, not \"+1\".`},
		{"a", "x-artifact-duration: -1", 400, "bad_request", `The header x-artifact-duration is wrong: it must be 0 or more milliseconds, not \"-1\".`},
		{"a", "x-artifact-duration: .5", 400, "bad_request", `The header x-artifact-duration is wrong: it must be 0 or more milliseconds, not \".5\".`},
		{"a", "x-artifact-duration: 1.-5", 400, "bad_request", `The header x-artifact-duration is wrong: it must be 0 or more milliseconds, not \"1.-5\".`},
		{"a", "x-artifact-duration: NaN", 400, "bad_request", `The header x-artifact-duration is wrong: it must be 0 or more milliseconds, not \"NaN\".`},
	} {
		got := r.do(http.MethodPut, "/v8/artifacts/"+test.path, []byte("body"), test.header)
		r.expectFailure("PUT "+test.path+" "+test.header, got, test.status, test.code, test.message)
	}
	got := r.do(http.MethodPut, "/v8/artifacts/a", []byte("body"), "x-artifact-sha: a", "x-artifact-sha: a")
	r.expectFailure("two headers of a name", got, 400, "bad_request", "The header x-artifact-sha is given more than once.")
	for _, id := range []artifact.ID{"a", "passwd"} {
		if entry, err := d.Stat(t.Context(), store.Key{ID: id}); err == nil {
			t.Errorf("%q is stored: %v", id, entry)
		}
	}
}

func testOtherMethodsAndPaths(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	artifactMethods := "GET, HEAD, OPTIONS, PUT"
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodDelete, api.ArtifactsPath, 405, "OPTIONS, POST"},
		{http.MethodGet, api.ArtifactsPath, 405, "OPTIONS, POST"},
		{http.MethodDelete, "/v8/artifacts/a", 405, artifactMethods},
		{http.MethodPost, "/v8/artifacts/a", 405, artifactMethods},
		{http.MethodPatch, "/v8/artifacts/a", 405, artifactMethods},
		{http.MethodPut, api.StatusPath, 405, "GET, HEAD, OPTIONS"},
		{http.MethodPut, api.EventsPath, 405, "OPTIONS, POST"},
		{http.MethodGet, "/", 404, ""},
		{http.MethodGet, "/v8/artifacts/a/", 404, ""},
		{http.MethodGet, "/v8/artifacts//a", 404, ""},
		{http.MethodGet, "/v8//artifacts/a", 404, ""},
		{http.MethodGet, "/V8/artifacts/a", 404, ""},
		{http.MethodOptions, "/v2/user", 404, ""},
		{http.MethodGet, "/v8/artifacts/a", 404, ""},
		{http.MethodHead, "/v8/artifacts/a", 404, ""},
	} {
		got := r.do(test.method, test.path, nil)
		if got.Status != test.status || got.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: %d, Allow %q, want %d, %q", test.method, test.path, got.Status, got.Header.Get("Allow"), test.status, test.allow)
		}
	}
}

// testPreflight checks that turbo may send the token, but browsers are not let
// in.
func testPreflight(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	for path, allow := range map[string]string{
		"//v8/artifacts/a?slug=local":     "GET, HEAD, OPTIONS, PUT",
		"/v8/artifacts/events?slug=local": "OPTIONS, POST",
		"/v8/artifacts/status":            "GET, HEAD, OPTIONS",
		"/v8/artifacts":                   "OPTIONS, POST",
	} {
		got := r.do(http.MethodOptions, path, nil, "Origin: http://example.com", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: Authorization, User-Agent")
		want := answer{200, http.Header{"Access-Control-Allow-Headers": {"Authorization"}, "Allow": {allow}, "Content-Length": {"0"}}, ""}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("OPTIONS %s: %v, want %v", path, got, want)
		}
	}
	r.expectFailure("without a token", r.do(http.MethodOptions, "/v8/artifacts/a", nil, "Authorization: "), 401, "unauthorized", "The request has no valid token.")
}

func TestStoreRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := must.Get(store.Open(dir, store.Options{MaxSize: 100_000}))(t)
	t.Cleanup(func() { _ = d.Close() })
	r := start(t, d, server.Options{})
	r.do(http.MethodPut, "/v8/artifacts/a", storetest.Bytes(1, 60_000))
	r.expectFailure("too large", r.do(http.MethodPut, "/v8/artifacts/b", make([]byte, 100_000)), 413, "payload_too_large", "The artifact is larger than this cache can store.")
	blob := must.Get(d.Get(t.Context(), store.Key{ID: "a"}))(t)
	r.expectFailure("no room", r.do(http.MethodPut, "/v8/artifacts/b", make([]byte, 60_000)), 507, "insufficient_storage", "The cache has no room for the artifact now.")
	must.Do(t, blob.Body.Close())
	frozen := must.Get(store.Open(dir, store.Options{ReadOnly: true}))(t)
	t.Cleanup(func() { _ = frozen.Close() })
	r = start(t, frozen, server.Options{})
	r.expectFailure("read-only", r.do(http.MethodPut, "/v8/artifacts/b", make([]byte, 1)), 403, "forbidden", "This cache is read-only.")
	if got := r.do(http.MethodGet, "/v8/artifacts/a", nil); got.Status != 200 || got.Body != string(storetest.Bytes(1, 60_000)) {
		t.Errorf("GET: %d, %d bytes", got.Status, len(got.Body))
	}
}
