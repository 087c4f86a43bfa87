package transport

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
)

// TestCutAnswers has a server hang up after each byte of an answer, on a new
// connection and on one that was kept: what is cut is never an answer, and once
// it looks like one it is told that it was cut, and not that it is malformed.
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
					server := serveAnswers(t, func(conn net.Conn, _ int) {
						if asked++; kept && asked == 1 {
							io.WriteString(conn, whole)
							return
						}
						io.WriteString(conn, answer[:cut])
						conn.Close()
					})
					origin, _ := url.Parse(server.url)
					way := New(Options{Origin: origin})
					if kept {
						if got, err := exchange(way, server.url, -1); got != "200 hello" || err != nil {
							t.Fatal(got, err)
						}
					}
					got, err := exchange(way, server.url, -1)
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

// TestLongAnswers says that headers are too long wherever in them that shows.
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
			server := serveAnswers(t, func(conn net.Conn, _ int) {
				_, err := io.WriteString(conn, answer[0])
				for err == nil {
					_, err = io.WriteString(conn, strings.Repeat(answer[1], 1000))
				}
			})
			origin, _ := url.Parse(server.url)
			if got, err := exchange(New(Options{Origin: origin}), server.url, -1); !strings.Contains(fmt.Sprint(err), "headers exceeded 262144 bytes") {
				t.Errorf("%q, %v, want too long headers", got, err)
			}
		})
	}
}
