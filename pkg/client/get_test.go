package client_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// got is a download as the consumer saw it, each try on its own.
type got struct {
	found client.Found
	tries []string
}

func get(t *testing.T, c *client.Client) (got, error) {
	t.Helper()
	var seen got
	err := c.Get(t.Context(), client.Download{ID: "abc", Receive: func(found client.Found, body io.Reader) error {
		text, err := io.ReadAll(body)
		seen.found = found
		seen.tries = append(seen.tries, string(text))
		return err
	}})
	return seen, err
}

// all is every header that a server may describe an artifact with.
var all = []string{
	"X-Artifact-Duration", "12500", "X-Artifact-Tag", "dGFn", "X-Artifact-Sha", "5ca1ab1e", "X-Artifact-Dirty-Hash", "d1",
}

var allMetadata = artifact.Metadata{Tag: "dGFn", SHA: "5ca1ab1e", DirtyHash: "d1"}

func TestGet(t *testing.T) {
	t.Parallel()
	r, c := serve(t, answering(200, "application/octet-stream", "bytes", all...), func(o *client.Options) {
		o.Team = artifact.Team{ID: "team_1", Slug: "s"}
	})
	seen := must.Get(get(t, c))(t)
	duration := seen.found.Metadata.Duration
	seen.found.Metadata.Duration = nil
	want := got{client.Found{ID: "abc", Size: 5, Metadata: allMetadata}, []string{"bytes"}}
	if fmt.Sprint(seen) != fmt.Sprint(want) || duration == nil || *duration != 12500*time.Millisecond {
		t.Errorf("%+v, %v, want %+v", seen, duration, want)
	}
	sent := received{Method: "GET", URI: "/v8/artifacts/abc?slug=s&teamId=team_1", Proto: "HTTP/1.1", Header: map[string]string{
		"Authorization": "Bearer the-token", "User-Agent": "test/1", "Accept-Encoding": "identity",
	}}
	if requests := r.all(); len(requests) != 1 || fmt.Sprint(requests[0]) != fmt.Sprint(sent) {
		t.Errorf("sent %+v, want %+v", requests, sent)
	}
}

// Whatever is no artifact is an error, and nothing of it reaches the consumer.
func TestGetAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   error
		text   string
	}{
		"missing":       {answering(404, "application/json", `{"message":"Artifact not found"}`), client.ErrNotFound, "downloading abc: the server answered 404 Not Found: Artifact not found"},
		"a login page":  {answering(200, "text/html; charset=utf-8", "<html>"), client.ErrNotRemoteCache, "downloading abc: the server answered 200 OK: the answer is not a Remote Cache's"},
		"a part":        {answering(206, "", "byt"), client.ErrNotRemoteCache, "downloading abc: the server answered 206 Partial Content: the answer is not a Remote Cache's"},
		"nothing":       {answering(204, "", ""), client.ErrNotRemoteCache, "downloading abc: the server answered 204 No Content: the answer is not a Remote Cache's"},
		"compressed":    {answering(200, "", "\x1f\x8b", "Content-Encoding", "gzip"), client.ErrEncoded, ""},
		"not modified":  {answering(304, "", ""), client.ErrRedirect, ""},
		"to a file":     {answering(302, "", "", "Location", "file:///etc/passwd"), client.ErrRedirect, ""},
		"to no host":    {answering(302, "", "", "Location", "http://a%EF%BC%8Fb/"), client.ErrRedirect, ""},
		"to no port":    {answering(302, "", "", "Location", "http://localhost:65536/"), client.ErrRedirect, ""},
		"with password": {answering(307, "", "", "Location", "http://u:p@localhost/"), client.ErrRedirect, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, test.answer)
			seen, err := get(t, c)
			if !errors.Is(err, test.want) || len(seen.tries) > 0 {
				t.Errorf("%v, and %q came", err, seen.tries)
			}
			if test.text != "" && err.Error() != test.text {
				t.Errorf("%q, want %q", err, test.text)
			}
		})
	}
}

// Servers that guess may call an artifact what they like.
func TestGetTakesAnyType(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"HTML that was uploaded": answering(200, "text/html", "<html>", "X-Artifact-Sha", "5ca1ab1e"),
		"text":                   answering(200, "text/plain", "<html>"),
		"none":                   answering(200, "", "<html>"),
		"said to be identical":   answering(200, "", "<html>", "Content-Encoding", "identity"),
	} {
		_, c := serve(t, answer)
		if seen, err := get(t, c); err != nil || len(seen.tries) != 1 || seen.tries[0] != "<html>" {
			t.Errorf("%s: %+v, %v", name, seen, err)
		}
	}
}

// A server's text must not reach a terminal as it is, and metadata that breaks
// the rules is none.
func TestGetDistrustsMetadata(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A", 700)
	_, c := serve(t, answering(200, "", "", "X-Artifact-Sha", long, "X-Artifact-Dirty-Hash", "a\u202eb",
		"X-Artifact-Tag", "no base64 \xff"+long, "X-Artifact-Duration", "-1"))
	seen, err := get(t, c)
	tag := seen.found.Metadata.Tag
	seen.found.Metadata.Tag = ""
	if err != nil || seen.found.Metadata != (artifact.Metadata{}) || len(tag) != 600 || !strings.HasPrefix(tag, "no base64 ?A") {
		t.Errorf("%+v, tag %q, %v", seen, tag, err)
	}
	for text, want := range map[string]time.Duration{
		"0": 0, "1.5": 1500 * time.Microsecond, "9223372036854": 9223372036854 * time.Millisecond, "1e3": time.Second,
		"": -1, "9223372036855": -1, "-1": -1, "NaN": -1, "Inf": -1, "1e300": -1, "soon": -1,
	} {
		_, c := serve(t, answering(200, "", "", "X-Artifact-Duration", text))
		seen, err := get(t, c)
		duration := time.Duration(-1)
		if d := seen.found.Metadata.Duration; d != nil {
			duration = *d
		}
		if err != nil || duration != want {
			t.Errorf("duration %q: %v, %v, want %v", text, duration, err, want)
		}
	}
}

// Each try begins with the first byte, and what broke off is no success.
func TestGetTriesAgain(t *testing.T) {
	t.Parallel()
	const header = "HTTP/1.1 200 OK\r\n"
	for name, broken := range map[string]struct{ answer, seen string }{
		"truncated":            {header + "Content-Length: 10\r\n\r\nbyte", "byte"},
		"truncated to none":    {header + "Content-Length: 10\r\n\r\n", ""},
		"within a chunk":       {header + "Transfer-Encoding: chunked\r\n\r\n5\r\nbyt", "byt"},
		"without a last one":   {header + "Transfer-Encoding: chunked\r\n\r\n5\r\nbytes\r\n", "bytes"},
		"of a broken chunk":    {header + "Transfer-Encoding: chunked\r\n\r\nzz\r\nbytes\r\n", ""},
		"with no answer":       {"", "\x00"},
		"with a broken answer": {"HTTP/1.1 200\r\nContent-Le", "\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var connections atomic.Int32
			api := serveRaw(t, func(conn net.Conn) {
				readHeader(conn)
				if connections.Add(1) <= 2 {
					io.WriteString(conn, broken.answer)
					return
				}
				io.WriteString(conn, header+"Content-Length: 5\r\nConnection: close\r\n\r\nbytes")
			})
			c := newClient(t, api, func(o *client.Options) { o.Retries = 2 })
			client.SkipPausesForTest(c)
			seen, err := get(t, c)
			want := []string{broken.seen, broken.seen, "bytes"}
			if broken.seen == "\x00" {
				want = want[2:] // no try came to the body
			}
			if err != nil || fmt.Sprint(seen.tries) != fmt.Sprint(want) {
				t.Errorf("%q, %v, want %q", seen.tries, err, want)
			}
			connections.Store(-10)
			var failed *client.Error
			if _, err := get(t, c); !errors.As(err, &failed) || failed.Attempts != 3 {
				t.Errorf("always broken: %v", err)
			}
		})
	}
}

// More bytes than were announced are not the artifact's.
func TestGetStopsAtItsLength(t *testing.T) {
	t.Parallel()
	api := serveRaw(t, func(conn net.Conn) {
		readHeader(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes and more")
	})
	if seen, err := get(t, newClient(t, api)); err != nil || fmt.Sprint(seen.tries) != "[bytes]" {
		t.Errorf("%+v, %v", seen, err)
	}
}

// What the consumer finds wrong ends the download, and a consumer that
// overlooks a broken body does not make it whole.
func TestGetEndsWithItsConsumer(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	r, c := serve(t, answering(200, "", "bytes"), func(o *client.Options) { o.Retries = 3 })
	err := c.Get(t.Context(), client.Download{ID: "abc", Receive: func(client.Found, io.Reader) error { return mine }})
	if err != mine || len(r.all()) != 1 {
		t.Errorf("%v after %d requests", err, len(r.all()))
	}
	api := serveRaw(t, func(conn net.Conn) {
		readHeader(conn)
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbytes")
	})
	err = newClient(t, api).Get(t.Context(), client.Download{ID: "abc", Receive: func(_ client.Found, body io.Reader) error {
		_, _ = io.ReadAll(body)
		return nil
	}})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken body that nobody minds: %v", err)
	}
}

// Object storage gets neither the token nor anything else of ours.
func TestGetFollowsToObjectStorage(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		storage := &recorder{answer: answering(200, "", "bytes")}
		elsewhere := httptest.NewServer(storage)
		t.Cleanup(elsewhere.Close)
		_, c := serve(t, answering(status, "", "", "Location", elsewhere.URL+"/bucket/abc?X-Amz-Signature=s"))
		seen, err := get(t, c)
		want := received{Method: "GET", URI: "/bucket/abc?X-Amz-Signature=s", Proto: "HTTP/1.1", Header: map[string]string{
			"User-Agent": "test/1", "Accept-Encoding": "identity",
		}}
		requests := storage.all()
		if err != nil || fmt.Sprint(seen.tries) != "[bytes]" || len(requests) != 1 || fmt.Sprint(requests[0]) != fmt.Sprint(want) {
			t.Errorf("%d: %+v, %v, and storage got %+v", status, seen, err, requests)
		}
	}
}
