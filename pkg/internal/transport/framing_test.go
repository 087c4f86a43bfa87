package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestFraming reads answers in one piece, and byte by byte.
func TestFraming(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []string
		want    error
	}{
		"chunked in 1.1":         {[]string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}, nil},
		"length in 1.0":          {[]string{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, nil},
		"chunked in 1.0":         {[]string{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}, ErrFraming},
		"beside a length":        {[]string{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\ntransfer-encoding:chunked\r\n\r\nhello"}, ErrFraming},
		"without CR":             {[]string{"HTTP/1.0 200 OK\nTRANSFER-ENCODING: gzip\n\nhello"}, ErrFraming},
		"in the body":            {[]string{"HTTP/1.0 200 OK\r\n\r\nTransfer-Encoding: chunked\r\n\r\n"}, nil},
		"an answer in the body":  {[]string{"HTTP/1.0 200 OK\r\n\r\nHTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, nil},
		"in a value":             {[]string{"HTTP/1.0 200 OK\r\nVary: Transfer-Encoding: x\r\n\r\n"}, nil},
		"the second answer":      {[]string{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: x\r\n\r\n"}, ErrFraming},
		"after another protocol": {[]string{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: x\r\n\r\n"}, ErrFraming},
		"a head without an end":  {[]string{"HTTP/1.0 200 OK\r\nX: " + strings.Repeat("x", maxHeaderBytes)}, nil},
	} {
		for _, bytewise := range []bool{false, true} {
			var f framing
			var got error
			for _, answer := range test.answers {
				f.wrote()
				pieces := []string{answer}
				if bytewise && len(answer) < maxHeaderBytes {
					pieces = strings.Split(answer, "")
				}
				for _, piece := range pieces {
					got = errors.Join(got, f.check([]byte(piece)))
				}
			}
			if !errors.Is(got, test.want) {
				t.Errorf("%s, byte by byte %v: %v, want %v", name, bytewise, got, test.want)
			}
		}
	}
}

// TestCutAnswers closes a new or reused connection after each byte of an answer.
// A truncated answer is an error, which does not call it malformed.
func TestCutAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"of a length": "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello",
		"in chunks":   "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
		"interim":     "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" + whole,
	} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", kept: ", kept), func(t *testing.T) {
				t.Parallel()
				for cut := range len(answer) + 1 {
					asked := 0 // one after the other
					server := serveAnswers(t, "http", func(conn net.Conn, _ int) {
						if asked++; kept && asked == 1 {
							io.WriteString(conn, whole)
							return
						}
						io.WriteString(conn, answer[:cut])
						conn.Close()
					})
					way := server.way()
					if kept {
						if got, err := exchange(way, server.url, 4, all); got != "200 hello" || err != nil {
							t.Fatal(got, err)
						}
					}
					got, err := exchange(way, server.url, 4, all)
					if cut == len(answer) {
						if got != "200 hello" || err != nil {
							t.Errorf("whole: %q, %v", got, err)
						}
						continue
					}
					parts := strings.Split(answer[:cut], "\r\n\r\n")
					last := parts[len(parts)-1]
					inStatus := last != "" && len(last) < len("HTTP/1.1 200") && strings.HasPrefix(answer, last[:1])
					if err == nil || !inStatus && !strings.Contains(err.Error(), "EOF") {
						t.Errorf("cut at %q: %q, %v", answer[:cut], got, err)
					}
				}
			})
		}
	}
}

// TestLongAnswers reports that headers are too long.
func TestLongAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string][2]string{
		"interim":     {"", "HTTP/1.1 102 Processing\r\n\r\n"},
		"a status":    {"HTTP/1.1 200 ", "OK"},
		"headers":     {"HTTP/1.1 200 OK\r\n", "X-Header: value\r\n"},
		"bare names":  {"HTTP/1.1 200 OK\r\n", "X"},
		"a long name": {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nX-", "Y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serveAnswers(t, "http", func(conn net.Conn, _ int) {
				_, err := io.WriteString(conn, answer[0])
				for err == nil {
					_, err = io.WriteString(conn, strings.Repeat(answer[1], 1000))
				}
			})
			if got, err := exchange(server.way(), server.url, 4, all); !strings.Contains(fmt.Sprint(err), "headers exceeded 262144 bytes") {
				t.Errorf("%q, %v, want too long headers", got, err)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestOthersCancellations has net/http return the cancellation of another
// request, which counts as a failure of the network, unlike the request's own.
func TestOthersCancellations(t *testing.T) {
	t.Parallel()
	own := errors.New("interrupted")
	for _, other := range []error{context.Canceled, fmt.Errorf("broken: %w", context.Canceled), ErrTimeout, ErrNoAnswer} {
		for name, test := range map[string]struct {
			cause error // of the request's context
			want  error
		}{"alive": {nil, errOther}, "ended": {own, own}} {
			ctx, cancel := context.WithCancelCause(t.Context())
			req := must.Get(http.NewRequestWithContext(ctx, http.MethodPut, "http://server/", nil))(t)
			ends := func() {
				if test.cause != nil {
					cancel(test.cause)
				}
			}
			_, err := stalls{next: roundTripper(func(*http.Request) (*http.Response, error) {
				ends()
				return nil, other
			})}.RoundTrip(req)
			if err != test.want {
				t.Errorf("%v, %s: no answer: %v, want %v", other, name, err, test.want)
			}
			cancel(nil)
			ctx, cancel = context.WithCancelCause(t.Context())
			resp := must.Get(stalls{next: roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{Body: io.NopCloser(iotest.ErrReader(other))}, nil
			})}.RoundTrip(req.WithContext(ctx)))(t)
			ends()
			for range 2 {
				if _, err := resp.Body.Read(make([]byte, 1)); err != test.want {
					t.Errorf("%v, %s: body: %v, want %v", other, name, err, test.want)
				}
			}
			resp.Body.Close()
			cancel(nil)
		}
	}
}

// TestHungUp has the server close a connection before the request is written.
func TestHungUp(t *testing.T) {
	t.Parallel()
	server := serveConns(t, "http", func(*answering, net.Conn, int) {})
	for range 200 {
		way := stalls{next: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			defer time.Sleep(time.Millisecond)
			return new(net.Dialer).DialContext(ctx, network, address)
		}}}
		_, err := exchange(way, server.url, 4, all)
		if err == nil || strings.Contains(err.Error(), closedIdle) {
			t.Errorf("%v", err)
		}
	}
}
