package client_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
)

// A whole body has to be sent before a success can be one. The server here
// answers at once and reads nothing.
func TestPutDoubtsAnEarlySuccess(t *testing.T) {
	t.Parallel()
	for name, consent := range map[string]string{"before the body": "", "in the middle of it": "HTTP/1.1 100 Continue\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := serveRaw(t, func(conn net.Conn) {
				readHeader(conn)
				io.WriteString(conn, consent+"HTTP/1.1 202 Accepted\r\nContent-Length: 11\r\n\r\n{\"urls\":[]}")
				time.Sleep(time.Second) // reading would let the client finish
			})
			// More than the buffers of two sockets hold.
			_, err := putZeros(t, newClient(t, api), 64<<20)
			if !errors.Is(err, client.ErrAnsweredEarly) {
				t.Errorf("error %v, want ErrAnsweredEarly", err)
			}
		})
	}
}

// A server that never says 100 is waited for once.
func TestPutAsksForConsent(t *testing.T) {
	t.Parallel()
	var expected []string
	var mu sync.Mutex
	note := func(header string) {
		mu.Lock()
		defer mu.Unlock()
		expected = append(expected, fmt.Sprint(strings.Contains(header, "Expect: 100-continue")))
	}
	const large = 1<<20 + 1
	answerAll := func(conn net.Conn, length int64) {
		io.CopyN(io.Discard, conn, length)
		io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	for _, test := range []struct {
		name   string
		handle func(net.Conn)
		sizes  []int
		want   []string
	}{
		{"small bodies do not", func(conn net.Conn) { note(readHeader(conn)); answerAll(conn, 1<<20) },
			[]int{1 << 20}, []string{"false"}},
		{"large bodies do", func(conn net.Conn) {
			note(readHeader(conn))
			io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
			answerAll(conn, large)
		}, []int{large, large}, []string{"true", "true"}},
		{"a mute server is asked once", func(conn net.Conn) { note(readHeader(conn)); answerAll(conn, large) },
			[]int{large, large, large}, []string{"true", "false", "false"}},
		{"417", func(conn net.Conn) {
			header := readHeader(conn)
			note(header)
			if strings.Contains(header, "Expect:") {
				io.WriteString(conn, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				return
			}
			answerAll(conn, large)
		}, []int{large, large}, []string{"true", "false", "false"}},
	} {
		expected = nil
		c := newClient(t, serveRaw(t, test.handle))
		for _, size := range test.sizes {
			if _, err := putZeros(t, c, size); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if !slices.Equal(expected, test.want) {
			t.Errorf("%s: Expect was %q, want %q", test.name, expected, test.want)
		}
	}
}

// A refused upload costs no upload.
func TestPutSendsNoBodyThatIsRefused(t *testing.T) {
	t.Parallel()
	var body atomic.Int64
	api := serveRaw(t, func(conn net.Conn) {
		readHeader(conn)
		io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
		n, _ := io.Copy(io.Discard, conn)
		body.Add(n)
	})
	_, err := putZeros(t, newClient(t, api), 64<<20)
	var failed *client.Error
	if !errors.As(err, &failed) || failed.Status != 413 || body.Load() != 0 {
		t.Errorf("error %v, and %d bytes sent; want 413 and none", err, body.Load())
	}
}
