package transport

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// over returns a transport over connections that the test dials.
func over(s stalls, dial func() net.Conn) http.RoundTripper {
	s.next = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return newWideConn(&conn{Conn: dial(), limit: s.stall}), nil
	}}
	return s
}

// TestWaits limits the wait for an answer, and the time between bytes of a body.
func TestWaits(t *testing.T) {
	t.Parallel()
	const answer, stall = 160 * time.Second, 32 * time.Second
	headers := "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	type part struct {
		after time.Duration
		text  string
	}
	slowly := func(text string, pause time.Duration) (parts []part) {
		for i := range len(text) {
			parts = append(parts, part{pause, text[i : i+1]})
		}
		return parts
	}
	interim := slices.Repeat([]part{{stall, "HTTP/1.1 102 Processing\r\n\r\n"}}, 10)
	for name, test := range map[string]struct {
		answer, stall time.Duration
		parts         []part
		want          error
		took          time.Duration
	}{
		"silence":                      {answer: answer, stall: stall, want: ErrNoAnswer, took: answer},
		"an answer at the last moment": {answer: answer, stall: stall, parts: []part{{answer - 1, headers + "0123456789"}}, took: answer - 1},
		"an answer after that":         {answer: answer, stall: stall, parts: []part{{answer + 1, headers + "0123456789"}}, want: ErrNoAnswer, took: answer},
		"headers that trickle":         {answer: answer, stall: stall, parts: slowly(headers, 7*time.Second), want: ErrNoAnswer, took: answer},
		"headers in time":              {answer: answer, stall: stall, parts: slowly(headers+"0123456789", time.Second), took: time.Duration(len(headers)+10) * time.Second},
		"interim answers":              {answer: answer, stall: stall, parts: interim, want: ErrNoAnswer, took: answer},
		"a silent body":                {answer: answer, stall: stall, parts: []part{{answer - 1, headers}}, want: ErrStalled, took: answer - 1 + stall},
		"half a body":                  {answer: answer, stall: stall, parts: append([]part{{0, headers}}, slowly("01234", stall-1)...), want: ErrStalled, took: 5*(stall-1) + stall},
		"a body that trickles":         {answer: answer, stall: stall, parts: append([]part{{answer - 1, headers}}, slowly("0123456789", stall-1)...), took: answer - 1 + 10*(stall-1)},
		"an answer without a limit":    {stall: stall, parts: []part{{1000 * answer, headers + "0123456789"}}, took: 1000 * answer},
		"a body without a limit":       {answer: answer, parts: []part{{0, headers}, {1000 * answer, "0123456789"}}, took: 1000 * answer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				done := make(chan struct{})
				defer close(done)
				defer far.Close()
				go func() {
					_, _ = far.Read(make([]byte, 1)) // an answer before the request does not count
					go io.Copy(io.Discard, far)
					for _, part := range test.parts {
						select {
						case <-time.After(part.after):
						case <-done:
							return
						}
						_, _ = io.WriteString(far, part.text)
					}
				}()
				way := over(stalls{answer: test.answer, stall: test.stall}, func() net.Conn { return near })
				began := time.Now()
				got, err := exchange(way, "http://server/", 4, all)
				if !errors.Is(err, test.want) || err == nil && got != "200 0123456789" {
					t.Errorf("%q, %v, want %v", got, err, test.want)
				}
				if took := time.Since(began); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				_ = near.Close()
			})
		})
	}
}

// TestSilenceIsNotRepeated checks that a request that a server did not answer is
// not repeated: the server may still be processing it.
func TestSilenceIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, takes := range map[string]bool{"no answer": true, "no byte moves": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const limit = 160 * time.Second
				dialled := 0
				way := over(stalls{answer: 2 * limit, stall: limit}, func() net.Conn {
					dialled++
					near, far := net.Pipe()
					t.Cleanup(func() { near.Close(); far.Close() })
					go func() {
						reader := bufio.NewReader(far)
						if req, err := http.ReadRequest(reader); err == nil {
							_, _ = io.Copy(io.Discard, req.Body)
						}
						_, _ = io.WriteString(far, whole)
						if takes {
							_, _ = io.Copy(io.Discard, reader)
						}
					}()
					return near
				})
				if got, err := exchange(way, "http://server/", 4, all); got != "200 hello" || err != nil {
					t.Fatal(got, err)
				}
				began := time.Now()
				want, wait := ErrNoAnswer, 2*limit
				if !takes {
					want, wait = ErrStalled, limit
				}
				if _, err := exchange(way, "http://server/", 4, all); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
				if took := time.Since(began); dialled != 1 || took != wait {
					t.Errorf("%d connections were made, and it took %v", dialled, took)
				}
			})
		})
	}
}

// TestIdleConnectionsAreQuiet has a server send something on an idle connection,
// or close it. The next request must use another connection, and not take this
// for its answer.
func TestIdleConnectionsAreQuiet(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		unasked func(conn net.Conn, number int) // on the first connection
		second  int                             // the connection of the second request
	}{
		"nothing":           {say(""), 1},
		"a second answer":   {say("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"), 2},
		"an interim answer": {say("HTTP/1.1 100 Continue\r\n\r\n"), 2},
		"a byte":            {say("\n"), 2},
		"408, and it closes": {func(conn net.Conn, _ int) {
			io.WriteString(conn, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
			below(conn).CloseWrite()
		}, 2},
		"it closes":   {func(conn net.Conn, _ int) { conn.Close() }, 2},
		"it hangs up": {func(conn net.Conn, _ int) { below(conn).Close() }, 2},
		"it resets":   {func(conn net.Conn, _ int) { below(conn).SetLinger(0); below(conn).Close() }, 2},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				idle, said := make(chan struct{}), make(chan struct{})
				requests := 0 // which come one after the other
				server := serveAnswers(t, scheme, func(conn net.Conn, number int) {
					if requests++; requests > 1 {
						io.WriteString(conn, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno")
						return
					}
					io.WriteString(conn, whole)
					<-idle
					test.unasked(conn, number)
					if test.second > 1 {
						_, _ = below(conn).Read(make([]byte, 1)) // until the client has closed it
					}
					close(said)
				})
				way := New(Options{RootCAs: server.roots, ByteRate: 1 << 20})
				if got, err := exchange(way, server.url, 4, all); got != "200 hello" || err != nil {
					t.Fatal(got, err)
				}
				close(idle)
				<-said
				got := must.Get(exchange(way, server.url, 4, all))(t)
				if want := []int{1, test.second}; got != "500 no" || !slices.Equal(server.seen(), want) {
					t.Errorf("%q on connections %v, want 500 on %v", got, server.seen(), want)
				}
			})
		}
	}
}
