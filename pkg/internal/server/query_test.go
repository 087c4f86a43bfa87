package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

func testQuery(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	r.do(http.MethodPut, "/v8/artifacts/all?slug=s", []byte("four"), "x-artifact-duration: 263", "x-artifact-tag: dGFn", "x-artifact-sha: s", "x-artifact-dirty-hash: d", "x-artifact-client-ci: CI")
	r.do(http.MethodPut, "/v8/artifacts/none?slug=s", []byte(""))
	for body, want := range map[string]string{
		`{"hashes":["all","none","missing","all","a/b"],"other":1}`: `{"all":{"size":4,"taskDurationMs":263,"tag":"dGFn","sha":"s","dirtyHash":"d"},` +
			`"none":{"size":0,"taskDurationMs":0},"missing":null,` +
			`"a/b":{"error":{"message":"invalid artifact id \"a/b\": it contains '/'; slashes, white space and control characters are not allowed."}}}` + "\n",
		`{"hashes":[]}`: "{}\n",
	} {
		got := r.do(http.MethodPost, "/v8/artifacts?slug=s", []byte(body), "Content-Type: application/json")
		if got.Status != 200 || got.Body != want || got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %s", body, got.Status, got.Body, want)
		}
	}
	got := r.do(http.MethodPost, "/v8/artifacts", []byte(`{"hashes":["all"]}`))
	if got.Body != "{\"all\":null}\n" {
		t.Errorf("another team's: %s", got.Body)
	}
}

func testRefusedDocuments(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	const noJSON, noEvent = "The request's body is not the expected JSON.", `{"sessionId":"3285b661-cea0-4f4c-8d66-563e369a1d77","source":"LOCAL","event":"MISS","hash":"a"}`
	for _, test := range []struct {
		path, body string
		status     int
		message    string
	}{
		{"", ``, 400, noJSON},
		{"", `{`, 400, noJSON},
		{"", `[]`, 400, noJSON},
		{"", `{"hashes":"a"}`, 400, noJSON},
		{"", `{"hashes":["a"]} {}`, 400, noJSON},
		{"", strings.Repeat("[", 1_000_000), 400, noJSON},
		{"", `{}`, 400, "The request's body has no hashes."},
		{"", `{"hashes":null}`, 400, "The request's body has no hashes."},
		{"", strings.Repeat(" ", 1<<20+1), 413, "The request's body is longer than 1 MiB."},
		{"/events", `null`, 400, "The request's body is not a list of events."},
		{"/events", `{}`, 400, noJSON},
		{"/events", `[` + noEvent + `,{}]`, 400, "Event 2 of the list has no UUID for its sessionId."},
		{"/events", strings.Replace(`[`+noEvent+`]`, "LOCAL", "local", 1), 400, "Event 1 of the list has a source other than LOCAL and REMOTE."},
		{"/events", strings.Replace(`[`+noEvent+`]`, "MISS", "", 1), 400, "Event 1 of the list is neither HIT nor MISS."},
		{"/events", strings.Replace(`[`+noEvent+`]`, `"a"`, `"a","duration":-1`, 1), 400, "Event 1 of the list has a negative duration."},
		{"/events", strings.Replace(`[`+noEvent+`]`, `"a"`, `""`, 1), 400, "Event 1 of the list has a wrong hash: invalid artifact id: it is empty."},
		{"/events", strings.Repeat(" ", 1<<20+1), 413, "The request's body is longer than 1 MiB."},
	} {
		code := map[int]string{400: "bad_request", 413: "payload_too_large"}[test.status]
		r.expectFailure(test.path+" "+test.body[:min(len(test.body), 40)], r.do(http.MethodPost, "/v8/artifacts"+test.path, []byte(test.body)), test.status, code, test.message)
	}
}

func testEventsAndStatus(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	for _, body := range []string{
		`[]`,
		`[{"sessionId":"3285b661-cea0-4f4c-8d66-563e369a1d77","source":"LOCAL","event":"MISS","hash":"aff2a635f64f2b52","duration":0},` +
			`{"sessionId":"3285B661-CEA0-4F4C-8D66-563E369A1D77","source":"REMOTE","event":"HIT","hash":"aff2a635f64f2b52","duration":1.5,"more":1}]`,
	} {
		if got := r.do(http.MethodPost, "/v8/artifacts/events?slug=s", []byte(body)); got.Status != 200 || got.Body != "" {
			t.Errorf("%s: %v", body, got)
		}
	}
	if got := r.do(http.MethodGet, "//v8/artifacts/status?slug=s", nil); got.Status != 200 || got.Body != `{"status":"enabled"}` {
		t.Errorf("status: %v", got)
	}
}

// TestFaultsAreForTheLog checks that clients do not see the storage's errors,
// which contain paths.
func TestFaultsAreForTheLog(t *testing.T) {
	t.Parallel()
	r := start(t, fake{}, server.Options{})
	for _, method := range []string{http.MethodPut, http.MethodGet} {
		r.expectFailure(method, r.do(method, "/v8/artifacts/a", []byte{}), 500, "internal_server_error", "The server failed; its log says why.")
	}
	got := r.do(http.MethodPost, "/v8/artifacts", []byte(`{"hashes":["a"]}`))
	if want := `{"a":{"error":{"message":"The server failed; its log says why."}}}` + "\n"; got.Body != want {
		t.Errorf("query: %s, want %s", got.Body, want)
	}
	for _, a := range r.log(3) {
		if !errors.Is(a.Err, errDisk) {
			t.Errorf("logged: %+v, want the cause", a)
		}
	}
}

// TestDamagedArtifactIsAMiss checks that a damaged artifact is a miss, with the
// reason in the log. For one error turbo would give up on a whole query.
func TestDamagedArtifactIsAMiss(t *testing.T) {
	t.Parallel()
	r := start(t, fake{
		get: func(key store.Key) (*store.Blob, error) {
			if key.ID == "short" {
				return &store.Blob{Entry: store.Entry{Size: 100_000}, Body: io.NopCloser(bytes.NewReader(make([]byte, 50_000)))}, nil
			}
			return nil, fmt.Errorf("reading %q: %w", key.ID, store.ErrCorrupt)
		},
		stat: func(key store.Key) (store.Entry, error) {
			return store.Entry{}, fmt.Errorf("reading %q: %w", key.ID, store.ErrCorrupt)
		},
	}, server.Options{})
	r.expectFailure("GET", r.do(http.MethodGet, "/v8/artifacts/a", nil), 404, "not_found", "The artifact that the cache holds is damaged.")
	got := r.do(http.MethodPost, "/v8/artifacts", []byte(`{"hashes":["a"]}`))
	if got.Status != 200 || got.Body != `{"a":null}`+"\n" {
		t.Errorf("query: %v", got)
	}
	// A truncated one breaks the connection.
	response := must.Get(http.ReadResponse(bufio.NewReader(r.raw(r.head("GET", "/v8/artifacts/short")+"\r\n")), nil))(t)
	if text, err := io.ReadAll(response.Body); err == nil || len(text) > 50_000 {
		t.Errorf("%d bytes, %v, want an error", len(text), err)
	}
	for _, a := range r.log(3) {
		if a.Err == nil || a.Path == "/v8/artifacts/short" && a.Sent != 50_000 {
			t.Errorf("logged: %+v", a)
		}
	}
}
