package client_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// hostile is a malicious answer.
type hostile struct {
	name   string
	answer func(conn net.Conn) // after the request was read
	want   *client.Error       // of an upload; nil for success
	reason error               // that is wrapped
}

// repeat writes text until the other side closes.
func repeat(begin, text string) func(net.Conn) {
	piece := strings.Repeat(text, max(1, 16<<10/len(text)))
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, begin)
		for err == nil {
			_, err = io.WriteString(conn, piece)
		}
	}
}

// trickle writes text repeatedly, with pauses shorter than a stall.
func trickle(begin, text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, begin)
		for err == nil {
			time.Sleep(limit / 20)
			_, err = io.WriteString(conn, text)
		}
	}
}

// say writes text, and closes the connection after it was read.
func say(text string) func(net.Conn) {
	return func(conn net.Conn) { io.WriteString(conn, text) }
}

// bomb is 256 MiB in gzip.
func bomb() string {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	for range 256 {
		writer.Write(make([]byte, 1<<20))
	}
	writer.Close()
	return packed.String()
}

func hostileAnswers() []hostile {
	const ok, fault = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 500 Internal Server Error\r\n"
	plain := "Content-Type: text/plain\r\n\r\n"
	bomb := bomb()
	packed := fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(bomb), bomb)
	nowhere := new(client.Error)
	failed := func(status int) *client.Error { return &client.Error{Status: status} }
	brokenOK, brokenFault := failed(200), failed(500)
	return []hostile{
		{"endless headers", repeat(ok, "X-Header: value\r\n"), nowhere, nil},
		{"an endless header", repeat(ok+"X-Header: ", "value"), nowhere, nil},
		{"an endless status line", repeat("HTTP/1.1 200 ", "OK"), nowhere, nil},
		{"headers that trickle", trickle(ok, "X: y\r\n"), nowhere, client.ErrNoAnswer},
		{"an endless body", repeat(ok+plain, "text"), nil, nil},
		{"an endless body of an error", repeat(fault+plain, " "), brokenFault, nil},
		{"a body that trickles", trickle(ok+plain, "x"), brokenOK, client.ErrNoAnswer},
		{"a body of an error that trickles", trickle(fault+plain, "x"), brokenFault, nil},
		{"chunks that trickle", trickle(ok+"Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), brokenOK, client.ErrNoAnswer},
		{"a chunk's size that has no end", repeat(ok+"Transfer-Encoding: chunked\r\n\r\n", "0"), brokenOK, nil},
		{"a chunk larger than memory", say(ok + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx"), brokenOK, nil},
		{"endless extensions of a chunk", repeat(ok+"Transfer-Encoding: chunked\r\n\r\n1;", "a=b;"), brokenOK, nil},
		{"endless trailers", repeat(ok+"Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"), brokenOK, nil},
		{"a bomb", say(ok + packed), nil, nil},
		{"a bomb for an error", say(fault + packed), &client.Error{Status: 500, Message: strings.Repeat("?", 297) + "..."}, nil},
		{"a flood of 103", repeat("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), nowhere, nil},
		{"a flood of 100", repeat("", "HTTP/1.1 100 Continue\r\n\r\n"), nowhere, nil},
		{"102 that trickle", trickle("", "HTTP/1.1 102 Processing\r\n\r\n"), nowhere, client.ErrNoAnswer},
		{"101", trickle("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "x"), failed(101), nil},
		{"a long length", say(ok + "Content-Length: 9223372036854775807\r\n\r\nx"), brokenOK, nil},
		{"a length that is none", say(ok + "Content-Length: x\r\n\r\n"), nowhere, nil},
		{"a negative length", say(ok + "Content-Length: -1\r\n\r\n"), nowhere, nil},
		{"two lengths", say(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy"), nowhere, nil},
		{"a short length", say(ok + "Content-Length: 2\r\n\r\n{}HTTP/1.1 500 x\r\n\r\n"), nil, nil},
		{"a million arrays", say(fault + "\r\n" + strings.Repeat("[", 1<<20)), &client.Error{Status: 500, Message: strings.Repeat("[", 297) + "..."}, nil},
		{"a million arrays in success", say(ok + "\r\n{\"urls\":" + strings.Repeat("[", 1<<20)), nil, nil},
		{"a million arrays inside", say(fault + "\r\n{\"error\":" + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + "}"), brokenFault, nil},
		{"escape sequences in a header", say(fault + "X-Vercel-Id: \x1b[2J\r\n\r\n"), nowhere, nil},
		{"escape sequences in a message", say(fault + "Location: http://x\u202e/\r\n\r\n" +
			`{"code":"\u001b[2J","message":"\u001b]0;x\u0007\u202e\u009b2J"}`),
			&client.Error{Status: 500, Code: "?[2J", Message: "?]0;x???2J"}, nil},
		{"the token everywhere", say(fault + "X-Vercel-Id: " + token + "\r\nLocation: http://" + token + "/\r\n\r\n" +
			`{"code":"` + token + `","message":"Bearer ` + token + `"}`),
			&client.Error{Status: 500, Code: "***", Message: "Bearer ***", RequestID: "***"}, nil},
		{"chunks in HTTP/1.0", say("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), nowhere, client.ErrNotRemoteCache},
		{"a status beyond all", say("HTTP/1.1 999 Never\r\n\r\n"), failed(999), nil},
		{"a status below all", say("HTTP/1.1 099 Never\r\n\r\n"), failed(99), nil},
		{"a status of nothing", say("HTTP/1.1 000 Never\r\n\r\n"), nowhere, nil},
		{"204 with a body", say("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), nil, nil},
		{"206", say("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/1\r\n\r\nx"), failed(206), client.ErrNotRemoteCache},
		{"304", say("HTTP/1.1 304 Not Modified\r\n\r\n"), failed(304), client.ErrRedirect},
		{"a redirect that injects", say("HTTP/1.1 307 x\r\nLocation: /%0d%0aX-Evil:1\r\nConnection: close\r\n\r\n"), nowhere, client.ErrTooManyRedirects},
	}
}

// maxAllocated limits the memory for one answer, including the server's.
const maxAllocated = 16 << 20

// errEnough is the error of a consumer with a size limit.
var errEnough = errors.New("this is enough")

// hostileCalls are calls to a malicious server.
var hostileCalls = map[string]func(t *testing.T, c *client.Client) error{
	http.MethodPut: func(t *testing.T, c *client.Client) error { _, err := put(t, c, "bytes"); return err },
	http.MethodGet: func(t *testing.T, c *client.Client) error {
		return c.Get(t.Context(), client.Download{ID: "abc", Receive: func(_ client.Found, body io.Reader) error {
			n, err := io.Copy(io.Discard, io.LimitReader(body, 1<<20))
			if n == 1<<20 {
				return errEnough
			}
			return err
		}})
	},
	http.MethodHead: func(t *testing.T, c *client.Client) error { _, err := c.Stat(t.Context(), "abc"); return err },
	http.MethodPost: func(t *testing.T, c *client.Client) error {
		answers, err := c.Query(t.Context(), []artifact.ID{"abc"})
		if err == nil && (len(answers) != 1 || answers[0].Presence != client.Unknown) {
			t.Errorf("it believed %+v", answers)
		}
		return err
	},
}

// harmless are the answers that are one: an artifact whose length is false, the
// headers of one, which is all that HEAD asks for, and to the query that the
// server has none.
var harmless = map[string][]string{
	http.MethodGet: {"a short length"},
	http.MethodHead: {
		"an endless body", "a body that trickles", "chunks that trickle", "a chunk's size that has no end",
		"a chunk larger than memory", "endless extensions of a chunk", "endless trailers", "a long length",
		"a short length", "a million arrays in success",
	},
	http.MethodPost: {
		"an endless body", "a bomb", "a short length", "a million arrays in success", "204 with a body", "206",
	},
}

// TestHostileAnswers tries each answer with each call, within limits of memory
// and time. It is not parallel, since it measures allocations.
func TestHostileAnswers(t *testing.T) { //nolint:paralleltest // see above
	for _, method := range []string{http.MethodPut, http.MethodGet, http.MethodHead, http.MethodPost} {
		for _, test := range hostileAnswers() {
			t.Run(method+" "+test.name, func(t *testing.T) { //nolint:paralleltest // see above
				api := serveRaw(t, func(conn net.Conn) {
					if readHeader(conn); method == http.MethodPut {
						io.CopyN(io.Discard, conn, 5)
					}
					test.answer(conn)
					conn.(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, conn)
				})
				c := newClient(t, api, impatientOptions, func(o *client.Options) {
					if method != http.MethodPut {
						o.Timeout = 2 * time.Second
					}
				})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := time.Now()
				err := hostileCalls[method](t, c)
				took := time.Since(began)
				runtime.ReadMemStats(&after)
				if used := after.TotalAlloc - before.TotalAlloc; used > maxAllocated || took > 10*time.Second {
					t.Errorf("%d bytes were allocated in %v", used, took)
				}
				test.check(t, method, err)
			})
		}
	}
}

func (h hostile) check(t *testing.T, method string, err error) {
	t.Helper()
	if success := slices.Contains(harmless[method], h.name) || method == http.MethodPut && h.want == nil; success != (err == nil) {
		t.Fatalf("error %v, want success: %v", err, success)
	}
	if err == nil || errors.Is(err, errEnough) {
		return
	}
	var got *client.Error
	if !errors.As(err, &got) {
		t.Fatalf("error %v, want a *client.Error", err)
	}
	if strings.Contains(err.Error(), token) || strings.ContainsAny(err.Error(), "\x1b\x07\n") || len(err.Error()) > 600 {
		t.Errorf("it prints %q", err)
	}
	if method != http.MethodPut {
		return
	}
	shown := client.Error{Status: got.Status, Code: got.Code, Message: got.Message, RequestID: got.RequestID, Location: got.Location}
	if want := *h.want; shown.Message != want.Message && strings.Trim(shown.Message, "x") == "" {
		shown.Message = want.Message // as much as had come
	}
	if shown != *h.want || h.reason != nil && !errors.Is(err, h.reason) {
		t.Errorf("error %v, %+v\nwant %+v, %v", err, shown, *h.want, h.reason)
	}
}
