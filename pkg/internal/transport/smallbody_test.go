package transport

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestArrived gives a body that came whole with its headers, and has the
// connection free before that is read.
func TestArrived(t *testing.T) {
	t.Parallel()
	type arrival struct {
		text  string
		whole bool
	}
	for name, test := range map[string]struct {
		method, answer string
		want           arrival
		body           string
		conns          []int // of two requests whose bodies are read after both
	}{
		"whole":          {"GET", whole, arrival{"hello", true}, "hello", []int{1, 1}},
		"an error":       {"PUT", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", arrival{"no", true}, "no", []int{1, 1}},
		"empty":          {"PUT", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", arrival{"", true}, "", []int{1, 1}},
		"204":            {"PUT", "HTTP/1.1 204 No Content\r\n\r\n", arrival{"", true}, "", []int{1, 1}},
		"HEAD":           {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", arrival{"", true}, "", []int{1, 1}},
		"HEAD in chunks": {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", arrival{"", true}, "", []int{1, 1}},
		"the last one":   {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", arrival{"x", true}, "x", []int{1, 2}},
		"too much":       {"GET", whole + "!", arrival{"hello", true}, "hello", []int{1, 2}},
		"in chunks":      {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", arrival{"", false}, "ab", []int{1, 2}},
		"long": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + strings.Repeat("x", 65536), arrival{"", false},
			strings.Repeat("x", 65536), []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serveAnswers(t, func(conn net.Conn, _ int) { io.WriteString(conn, test.answer) })
			origin, _ := url.Parse(server.url)
			way := New(Options{Origin: origin})
			var answers []*http.Response
			for range 2 {
				req, _ := http.NewRequest(test.method, server.url, nil)
				resp, err := way.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				answers = append(answers, resp)
				text, whole := Arrived(resp)
				if got := (arrival{string(text), whole}); got != test.want {
					t.Errorf("%+v, want %+v", got, test.want)
				}
			}
			if got := server.seen(); !slices.Equal(got, test.conns) {
				t.Errorf("the requests came on connections %v, want %v", got, test.conns)
			}
			for _, resp := range answers {
				if body, err := io.ReadAll(resp.Body); string(body) != test.body || err != nil {
					t.Errorf("the body was %q, %v, want %q", body, err, test.body)
				}
			}
		})
	}
}

// TestClosedBodies never seem to end where they were closed or broke off: what is
// there by then would pass for all.
func TestClosedBodies(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"of a length": "Content-Length: 10", "in chunks": "Transfer-Encoding: chunked"} {
		for end, after := range map[string]string{"closed": "", "broken": "hang up"} {
			t.Run(fmt.Sprint(name, ", ", end), func(t *testing.T) {
				t.Parallel()
				server := serveAnswers(t, func(conn net.Conn, _ int) {
					io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+begin+"\r\n\r\n2\r\nab\r\n")
					if after != "" {
						conn.Close()
					}
				})
				origin, _ := url.Parse(server.url)
				req, _ := http.NewRequest(http.MethodGet, server.url, nil)
				resp, err := New(Options{Origin: origin}).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(resp.Body, make([]byte, 2)); err != nil {
					t.Fatal(err)
				}
				if after == "" {
					resp.Body.Close()
				}
				for range 3 {
					if _, err := io.ReadAll(resp.Body); err == nil {
						t.Fatal("it ended")
					}
				}
			})
		}
	}
}
