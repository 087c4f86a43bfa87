package transport

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// brokenConn is a connection on which nothing is written whole, and on which
// the server has said a word before.
type brokenConn struct {
	net.Conn // which says nothing more
	word     *strings.Reader
	then     error // what follows the word; nil for silence
	closed   bool
}

func (c *brokenConn) Write(p []byte) (int, error) { return len(p) / 2, syscall.ECONNRESET }
func (c *brokenConn) Close() error                { c.closed = true; return c.Conn.Close() }

func (c *brokenConn) Read(p []byte) (int, error) {
	if n, err := c.word.Read(p); err == nil || c.then != nil && n > 0 {
		return n, nil
	}
	if c.then != nil {
		return 0, c.then
	}
	return c.Conn.Read(p)
}

// TestLastWord passes on a refusal that came before a request was broken off, and
// nothing else: what was not sent whole did not succeed.
func TestLastWord(t *testing.T) {
	t.Parallel()
	reset := syscall.ECONNRESET
	refusal := "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nbig!"
	for name, test := range map[string]struct {
		word string
		then error
		want string // nothing for the broken connection's error
	}{
		"refused":                         {refusal, reset, "413 big!"},
		"refused, then silent":            {refusal, nil, "413 big!"},
		"refused in a body without end":   {"HTTP/1.1 401 Unauthorized\r\n\r\n", io.EOF, "401 "},
		"refused after interim answers":   {"HTTP/1.1 100 Continue\r\n\r\n" + refusal, reset, "413 big!"},
		"accepted":                        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", reset, ""},
		"accepted in a body":              {"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}", reset, ""},
		"led elsewhere":                   {"HTTP/1.1 307 x\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", reset, ""},
		"half a header":                   {refusal[:20], reset, ""},
		"half a header, then silent":      {refusal[:20], nil, ""},
		"no HTTP":                         {"go away\r\n", reset, ""},
		"without a word":                  {"", reset, ""},
		"without a word, and it hangs up": {"", io.EOF, ""},
		"silent":                          {"", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var conns []*brokenConn
				way := &small{idle: idleConns{most: 1}, dial: func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					t.Cleanup(func() { far.Close() })
					conns = append(conns, &brokenConn{Conn: near, word: strings.NewReader(test.word), then: test.then})
					return conns[len(conns)-1], nil
				}}
				for range 2 {
					began := time.Now()
					got, err := exchange(way, "http://server/", -1)
					if got != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, reset) {
						t.Errorf("%q, %v, want %q", got, err, test.want)
					}
					if took := time.Since(began); took > lastWordTimeout {
						t.Errorf("it took %v", took)
					}
				}
				if len(conns) != 2 || !conns[0].closed || !conns[1].closed {
					t.Errorf("%d connections, which are not all closed", len(conns))
				}
			})
		})
	}
}

// stoppedConn is one whose first read takes very long and is too late then, as
// where the process was suspended in it.
type stoppedConn struct {
	net.Conn
	stopped time.Duration
}

func (c *stoppedConn) Read(p []byte) (int, error) {
	if stopped := c.stopped; stopped > 0 {
		c.stopped = 0
		time.Sleep(stopped)
		return 0, os.ErrDeadlineExceeded
	}
	return c.Conn.Read(p)
}

// TestSmallWaits bounds the wait for an answer as a whole, and that for a body
// from byte to byte.
func TestSmallWaits(t *testing.T) {
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
		stopped       time.Duration
		parts         []part
		want          error
		took          time.Duration
	}{
		"silence":                      {answer: answer, stall: stall, want: ErrNoAnswer, took: answer},
		"an answer at the last moment": {answer: answer, stall: stall, parts: []part{{answer - 1, headers + "0123456789"}}, took: answer - 1},
		"an answer after that":         {answer: answer, stall: stall, parts: []part{{answer + 1, headers + "0123456789"}}, want: ErrNoAnswer, took: answer},
		"headers that trickle":         {answer: answer, stall: stall, parts: slowly(headers, 7*time.Second), want: ErrNoAnswer, took: answer + time.Second},
		"headers in time":              {answer: answer, stall: stall, parts: slowly(headers+"0123456789", time.Second), took: time.Duration(len(headers)+10) * time.Second},
		"interim answers":              {answer: answer, stall: stall, parts: interim, want: ErrNoAnswer, took: answer},
		"a silent body":                {answer: answer, stall: stall, parts: []part{{answer - 1, headers}}, want: ErrStalled, took: answer - 1 + stall},
		"half a body":                  {answer: answer, stall: stall, parts: append([]part{{0, headers}}, slowly("01234", stall-1)...), want: ErrStalled, took: 5*(stall-1) + stall},
		"a body that trickles":         {answer: answer, stall: stall, parts: append([]part{{answer - 1, headers}}, slowly("0123456789", stall-1)...), took: answer - 1 + 10*(stall-1)},
		"an answer without a limit":    {stall: stall, parts: []part{{1000 * answer, headers + "0123456789"}}, took: 1000 * answer},
		"a body without a limit":       {answer: answer, parts: []part{{0, headers}, {1000 * answer, "0123456789"}}, took: 1000 * answer},
		"suspended, then answered": {answer: answer, stall: stall, stopped: 10 * answer,
			parts: []part{{10*answer + answer/2, headers + "0123456789"}}, took: 10*answer + answer/2},
		"suspended, then silent": {answer: answer, stall: stall, stopped: 10 * answer, want: ErrNoAnswer, took: 10*answer + answer - answer/awakeSteps*2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				over := make(chan struct{})
				defer close(over)
				defer far.Close()
				go io.Copy(io.Discard, far)
				go func() {
					for _, part := range test.parts {
						select {
						case <-time.After(part.after):
						case <-over:
							return
						}
						_, _ = io.WriteString(far, part.text)
					}
				}()
				way := &small{answer: test.answer, stall: test.stall, dial: func(context.Context, string, string) (net.Conn, error) {
					return &stoppedConn{Conn: near, stopped: test.stopped}, nil
				}}
				began := time.Now()
				got, err := exchange(way, "http://server/", -1)
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

// TestSilenceIsNotRepeated: a request that a server took and did not answer may go
// on there, and whoever waited once has waited long enough.
func TestSilenceIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, takes := range map[string]bool{"no answer": true, "no byte moves": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const limit = 160 * time.Second
				dialled := 0
				way := &small{answer: limit, stall: limit, idle: idleConns{most: 1}, dial: func(context.Context, string, string) (net.Conn, error) {
					dialled++
					near, far := net.Pipe()
					t.Cleanup(func() { far.Close() })
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
					return &stallConn{Conn: near, limit: limit}, nil
				}}
				if got, err := exchange(way, "http://server/", -1); got != "200 hello" || err != nil {
					t.Fatal(got, err)
				}
				began := time.Now()
				want, most := ErrNoAnswer, limit
				if !takes {
					want, most = ErrStalled, limit+lastWordTimeout
				}
				if _, err := exchange(way, "http://server/", -1); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
				if took := time.Since(began); dialled != 1 || took > most {
					t.Errorf("%d connections were made, and it took %v", dialled, took)
				}
			})
		})
	}
}
