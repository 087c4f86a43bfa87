package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// earlyRefusals need no byte of the body.
func earlyRefusals(r *running) map[string]string {
	return map[string]string{
		"401": strings.Replace(r.head("PUT", "/v8/artifacts/a"), token, "wrong", 1),
		"403": strings.Replace(r.head("PUT", "/v8/artifacts/a"), token, readToken, 1),
		"404": r.head("PUT", "/elsewhere"),
		"405": r.head("DELETE", "/v8/artifacts/a"),
		"413": r.head("PUT", "/v8/artifacts/a"),
		"415": strings.Replace(r.head("PUT", "/v8/artifacts/a"), "octet-stream", "json", 1),
		"421": strings.Replace(r.head("PUT", "/v8/artifacts/a"), "Host: 127.0.0.1", "Host: evil.example", 1),
		"400": r.head("PUT", "/v8/artifacts/%2e"),
	}
}

// testRefusedBeforeTheBody checks that the answer comes before any byte of the
// body, and closes the connection.
func testRefusedBeforeTheBody(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{MaxSize: 1000}), server.Options{})
	for status, head := range earlyRefusals(r) {
		for _, expect := range []string{"", "Expect: 100-continue\r\n"} {
			for _, framing := range []string{"Content-Length: 2000", "Content-Length: 9000000000", "Transfer-Encoding: chunked"} {
				if status == "413" && framing != "Content-Length: 9000000000" {
					continue // a bucket takes the others
				}
				conn := r.raw(head + expect + framing + "\r\n\r\n")
				response := must.Get(http.ReadResponse(bufio.NewReader(conn), nil))(t)
				text, err := io.ReadAll(response.Body)
				if err != nil || !strings.HasPrefix(response.Status, status) || !response.Close || !strings.HasPrefix(string(text), `{"error":`) {
					t.Errorf("%q%s: %s, close %t, %q, %v; want %s and close", expect, framing, response.Status, response.Close, text, err, status)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// testRefusalReachesWhoSendsFirst checks that a client that sends everything
// before it reads gets the answer, not a reset.
func testRefusalReachesWhoSendsFirst(t *testing.T, open opener) {
	s := open(t, store.Options{MaxSize: 1000})
	_, isLimited := s.(*store.Dir)
	r := start(t, s, server.Options{Limits: server.Limits{Linger: time.Minute}})
	body := make([]byte, 64<<20) // more than all buffers between the two hold
	for status, head := range earlyRefusals(r) {
		if status == "413" && !isLimited {
			continue
		}
		conn := r.raw(head + "Content-Length: 67108864\r\n\r\n")
		if _, err := conn.Write(body); err != nil {
			t.Errorf("sending the body for %s: %v", status, err)
		}
		if got := rest(t, conn); !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") {
			t.Errorf("%.80q, want %s", got, status)
		}
	}
}

// testBrokenUploadLeavesNothing checks that a broken upload changes nothing.
func testBrokenUploadLeavesNothing(t *testing.T, open opener) {
	d := open(t, store.Options{})
	r := start(t, d, server.Options{})
	r.do(http.MethodPut, "/v8/artifacts/old", []byte("old"))
	r.log(1) // before the next one
	for i, id := range []string{"old", "new"} {
		framing := []string{"Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nf4240\r\n"}[i]
		conn := r.raw(r.head("PUT", "/v8/artifacts/"+id) + framing + strings.Repeat("x", 500_000))
		must.Do(t, conn.Close())
		if a := r.log(2 + i)[1+i]; a.Status != 400 || a.Err == nil || a.Received > 500_000 {
			t.Errorf("logged: %+v", a)
		}
	}
	if got := r.do(http.MethodGet, "/v8/artifacts/old", nil); got.Body != "old" {
		t.Errorf("old: %v", got)
	}
	if got := r.do(http.MethodGet, "/v8/artifacts/new", nil); got.Status != 404 {
		t.Errorf("new: %v", got)
	}
}

// testHalfClosed answers a client that has closed its sending side.
func testHalfClosed(t *testing.T, open opener) {
	d := open(t, store.Options{})
	// Each call begins only when net/http has had time to see that nothing more
	// comes.
	wait := func() { time.Sleep(50 * time.Millisecond) }
	r := start(t, fake{
		put: func(key store.Key, size int64, m artifact.Metadata, body io.Reader) error {
			text, err := io.ReadAll(body)
			if err != nil {
				return err
			}
			wait()
			return d.Put(t.Context(), key, size, m, bytes.NewReader(text))
		},
		get:  func(key store.Key) (*store.Blob, error) { wait(); return d.Get(t.Context(), key) },
		stat: func(key store.Key) (store.Entry, error) { wait(); return d.Stat(t.Context(), key) },
	}, server.Options{})
	for _, request := range []string{
		r.head("PUT", "/v8/artifacts/a") + "Content-Length: 4\r\n\r\nbody",
		r.head("GET", "/v8/artifacts/a") + "\r\n",
		r.head("POST", "/v8/artifacts") + "Content-Length: 16\r\n\r\n{\"hashes\":[\"a\"]}",
	} {
		conn := r.raw(request)
		must.Do(t, conn.(interface{ CloseWrite() error }).CloseWrite())
		if got := rest(t, conn); !strings.HasPrefix(got, "HTTP/1.1 20") || strings.Contains(got, "null") || strings.Contains(got, "error") {
			t.Errorf("%.60q was answered with %q", request, got)
		}
	}
}

// testKeepAlive: one connection serves one request after another, pipelined
// ones too.
func testKeepAlive(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{})
	requests := r.head("PUT", "/v8/artifacts/a") + "Content-Length: 4\r\n\r\nbody" +
		r.head("GET", "/v8/artifacts/missing") + "\r\n" +
		r.head("OPTIONS", "/v8/artifacts/a") + "\r\n" +
		r.head("HEAD", "/v8/artifacts/a") + "\r\n" +
		r.head("GET", "/v8/artifacts/a") + "Connection: close\r\n\r\n"
	reader := bufio.NewReader(r.raw(requests))
	var got []string
	for _, method := range []string{"PUT", "GET", "OPTIONS", "HEAD", "GET"} {
		a := r.answer(http.ReadResponse(reader, &http.Request{Method: method}))
		got = append(got, fmt.Sprint(a.Status)+a.Body[:min(len(a.Body), 4)])
	}
	if got, want := strings.Join(got, " "), `202{"ur 404{"er 200 200 200body`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
