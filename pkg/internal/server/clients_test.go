package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// testUploadsOfRealClients tries what real clients send beyond Vercel's
// reference.
func testUploadsOfRealClients(t *testing.T, open opener) {
	d := open(t, store.Options{MaxSize: 1 << 20})
	r := start(t, d, server.Options{})
	milliseconds := func(n time.Duration) *time.Duration { return new(n * time.Millisecond) }
	for name, test := range map[string]struct {
		rest     string // of the request, after its first headers
		metadata artifact.Metadata
	}{
		"turbo 2.0": {
			"x-artifact-duration: 263\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1;x=y\r\ny\r\n0\r\n\r\n",
			artifact.Metadata{Duration: milliseconds(263)},
		},
		"turbo 2.0 that waits": {
			"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", artifact.Metadata{},
		},
		"turbo 1.10 in an unknown CI": {
			"x-artifact-client-ci: \r\nx-artifact-duration: 0\r\nContent-Length: 4\r\n\r\nbody",
			artifact.Metadata{Duration: milliseconds(0)},
		},
		"@vercel/sdk": {
			"x-artifact-tag: \r\nx-artifact-dirty-hash:\r\nx-artifact-duration: 12.5\r\nAccept: application/json\r\nContent-Length: 4\r\n\r\nbody",
			artifact.Metadata{Duration: milliseconds(12)},
		},
		"empty headers": {
			"x-artifact-sha:\r\nx-artifact-client-interactive: \t \r\nx-artifact-duration: \r\nContent-Length: 4\r\n\r\nbody",
			artifact.Metadata{},
		},
		"a fraction of zeros, after zeros": {
			"x-artifact-duration: 007.000\r\nContent-Length: 4\r\n\r\nbody", artifact.Metadata{Duration: milliseconds(7)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := fmt.Sprintf("%x", name)
			got := rest(t, r.raw(r.head("PUT", "/v8/artifacts/"+id)+"Connection: close\r\n"+test.rest))
			if !strings.HasPrefix(strings.TrimPrefix(got, "HTTP/1.1 100 Continue\r\n\r\n"), "HTTP/1.1 202 ") {
				t.Fatalf("PUT: %q", got)
			}
			entry, err := d.Stat(t.Context(), store.Key{ID: artifact.ID(id)})
			if want := (store.Entry{Size: 4, Metadata: test.metadata}); err != nil || !reflect.DeepEqual(entry, want) {
				t.Errorf("stored: %+v, %v, want %+v", entry, err, want)
			}
			want := http.Header{"Content-Type": {"application/octet-stream"}, "Content-Length": {"4"}}
			if test.metadata.Duration != nil {
				want.Set("x-artifact-duration", fmt.Sprint(test.metadata.Duration.Milliseconds()))
			}
			if got := r.do(http.MethodGet, "/v8/artifacts/"+id, nil); !reflect.DeepEqual(got, answer{200, want, "body"}) {
				t.Errorf("GET: %v, want %v", got, want)
			}
		})
	}
}

// TestChunksThatDoNotFit checks that a chunked upload over the limit is refused
// and leaves nothing.
func TestChunksThatDoNotFit(t *testing.T) {
	t.Parallel()
	d := directory(t, store.Options{MaxSize: 1 << 20})
	r := start(t, d, server.Options{})
	conn := r.raw(r.head("PUT", "/v8/artifacts/a") + "Transfer-Encoding: chunked\r\n\r\n40000000\r\n" + strings.Repeat("x", 1<<20))
	r.expectFailure("PUT", r.answer(http.ReadResponse(bufio.NewReader(conn), nil)), 413, "payload_too_large", "The artifact is larger than this cache can store.")
	if got := r.do(http.MethodHead, "/v8/artifacts/a", nil); got.Status != 404 {
		t.Errorf("HEAD: %v", got)
	}
	if got := r.do(http.MethodPut, "/v8/artifacts/b", make([]byte, 1<<19)); got.Status != 202 {
		t.Errorf("what fits after it: %v", got)
	}
}

// testAccept: @vercel/sdk asks for the bytes as application/json, and fails if
// the answer has another type.
func testAccept(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	r.do(http.MethodPut, "/v8/artifacts/a", []byte("body"))
	for accept, want := range map[string]string{
		"":                              "application/octet-stream",
		"*/*":                           "application/octet-stream",
		"application/json, */*":         "application/octet-stream",
		"application/octet-stream":      "application/octet-stream",
		"text/html":                     "application/octet-stream",
		"application/json":              "application/json",
		"Application/JSON;charset=utf8": "application/json",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := r.do(method, "/v8/artifacts/a", nil, "Accept: "+accept)
			if got.Status != 200 || got.Header.Get("Content-Type") != want || method == http.MethodGet && got.Body != "body" {
				t.Errorf("%s, Accept %q: %v, want %s", method, accept, got, want)
			}
		}
	}
}

// testHeadHasNoType where a GET has a document: prism and others would parse it.
func testHeadHasNoType(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	for path, status := range map[string]int{"/v8/artifacts/a": 404, "/v8/artifacts/..": 400, "/v8/artifacts/status": 200} {
		if got, want := r.do(http.MethodHead, path, nil), (answer{status, http.Header{}, ""}); !reflect.DeepEqual(got, want) {
			t.Errorf("HEAD %s: %v, want %v", path, got, want)
		}
	}
}

// testRequestsByteForByte sends requests that net/http's client would not.
func testRequestsByteForByte(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	put, get := r.head("PUT", "/v8/artifacts/a"), r.head("GET", "/v8/artifacts/a")
	query, events := r.head("POST", "/v8/artifacts"), r.head("POST", "/v8/artifacts/events")
	const event = `[{"sessionId":"3285b661-cea0-4f4c-8d66-563e369a1d77","source":"REMOTE","event":"HIT","hash":"aff2a635f64f2b52","duration":263}]`
	requests := map[string]string{
		// An upload needs a length: a missing one is not 0.
		put + "Content-Length: 0\r\n\r\n": "202 Accepted",
		put + "\r\n":                      "411 Length Required",
		put + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n":                      "202 Accepted",
		put + "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n":                      "400 Bad Request",
		put + "Transfer-Encoding: chunked\r\n\r\n2\r\nx\r\n0\r\n\r\n":            "400 Bad Request",
		put + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx":                 "400 Bad Request",
		put + "Content-Length: -1\r\n\r\n":                                       "400 Bad Request",
		put + "Content-Length: 99999999999999999999\r\n\r\n":                     "400 Bad Request",
		put + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n": "202 Accepted",
		put + "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx":            "501 Not Implemented",
		put + "Expect: something\r\nContent-Length: 1\r\n\r\nx":                  "417 Expectation Failed",
		// A document that says that it is too long is not read. One that does not
		// say it has as little room, and its end is not waited for.
		query + "Content-Length: 9000000000\r\n\r\n":                                          "413 Request Entity Too Large",
		query + "Transfer-Encoding: chunked\r\n\r\n200000\r\n" + strings.Repeat(" ", 1<<20+1): "413 Request Entity Too Large",
		get + strings.Repeat("X-More: "+strings.Repeat("x", 1000)+"\r\n", 64):                 "431 Request Header Fields Too Large",
		// The host, also in a proxy's form of a request, which has it in the first line.
		strings.Replace(r.head("GET", "/v8/artifacts/b"), "127.0.0.1", "localhost", 1) + "\r\n": "404 Not Found",
		strings.Replace(get, "127.0.0.1", "rebound.example", 1) + "\r\n":                        "421 Misdirected Request",
		strings.Replace(get, r.addr, "rebound.example", 1) + "\r\n":                             "421 Misdirected Request",
		"GET http://rebound.example/v8/artifacts/a HTTP/1.1\r\nHost: " + r.addr + "\r\n\r\n":    "421 Misdirected Request",
		strings.Replace(get, r.addr, strings.Repeat("x", 10_000), 1) + "\r\n":                   "421 Misdirected Request",
		strings.Replace(get, r.addr, strings.Repeat("x", 1_000_000), 1) + "\r\n":                "431 Request Header Fields Too Large",
		strings.Replace(get, token, strings.Repeat("x", 10_000), 1) + "\r\n":                    "401 Unauthorized",
		strings.Replace(get, token, strings.Repeat("x", 1_000_000), 1) + "\r\n":                 "431 Request Header Fields Too Large",
		// Nobody asked for these bodies, and nobody waits for them.
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n":               "200 OK",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n":               "200 OK",
		"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n":              "405 Method Not Allowed",
		r.head("GET", "/metrics") + "Content-Length: 9000000000\r\n\r\n":                       "200 OK",
		r.head("PUT", "/metrics") + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello":             "405 Method Not Allowed",
		strings.Replace(r.head("GET", "/metrics"), "127.0.0.1", "rebound.example", 1) + "\r\n": "421 Misdirected Request",
		// turbo sends no User-Agent with its events.
		events + fmt.Sprintf("x-artifact-client-ci:\r\nContent-Length: %d\r\n\r\n%s", len(event), event): "200 OK",
	}
	for _, id := range []string{"%", "%2", "%zz", "a%%", "a b", "a\x01"} {
		requests[r.head("GET", "/v8/artifacts/"+id)+"\r\n"] = "400 Bad Request"
	}
	for request, status := range requests {
		want := "HTTP/1.1 " + status + "\r\n"
		got := make([]byte, len(want))
		if _, err := io.ReadFull(r.raw(request), got); err != nil || string(got) != want {
			t.Errorf("%.200q: %q, %v, want %q", request, got, err, want)
		}
	}
}
