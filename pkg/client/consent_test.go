package client_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
)

const (
	consent = "HTTP/1.1 100 Continue\r\n\r\n"
	tooBig  = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbig!"
)

// TestPutAsksForConsent compares what is sent after the headers. The client waits
// once for a server that never sends 100, and does not send the body of a refused
// upload.
func TestPutAsksForConsent(t *testing.T) {
	t.Parallel()
	const large = 1<<20 + 1
	const unknown = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	for name, test := range map[string]struct {
		asked string // the answer to Expect: 100-continue
		sizes []int
		want  []string // whether it asked, and how long the body was
		err   int
	}{
		"small bodies do not":         {"", []int{1 << 20}, []string{"false 1048576"}, 0},
		"large bodies do":             {consent, []int{large, large}, []string{"true 1048577", "true 1048577"}, 0},
		"a mute server is asked once": {"", []int{large, large, large}, []string{"true 1048577", "false 1048577", "false 1048577"}, 0},
		"417":                         {unknown, []int{large, large}, []string{"true 0", "false 1048577", "false 1048577"}, 0},
		"413":                         {tooBig, []int{64 << 20}, []string{"true 0"}, 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var bodies sync.WaitGroup
			var got []string
			c := newClient(t, serveRaw(t, func(conn net.Conn) {
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				bodies.Add(1)
				defer bodies.Done()
				mu.Lock()
				number := len(got)
				got = append(got, "")
				mu.Unlock()
				asks := req.Header.Get("Expect") == "100-continue"
				if asks {
					io.WriteString(conn, test.asked)
				}
				n, _ := io.Copy(io.Discard, req.Body)
				mu.Lock()
				got[number] = fmt.Sprint(asks, " ", n)
				mu.Unlock()
				io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}))
			for _, size := range test.sizes {
				_, err := putZeros(t, c, size)
				if failed := new(client.Error); errors.As(err, &failed) != (test.err != 0) || failed.Status != test.err {
					t.Errorf("error %v, want %d", err, test.err)
				}
			}
			bodies.Wait()
			if !slices.Equal(got, test.want) {
				t.Errorf("asked, and sent, %q, want %q", got, test.want)
			}
		})
	}
}

// TestEarlyRefusals has a server refuse a body of which it has read nothing or a
// little. If it then reads for a while, as nginx and our own server do, the
// client must report its answer, not the closed connection.
func TestEarlyRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size    int
		before  string
		read    int64
		lingers bool // then it reads on, and closes the connection
		certain bool // that the answer arrives
	}{
		"unasked":                                  {1 << 20, "", 0, true, true},
		"unasked, after a little":                  {1 << 20, "", 1000, true, true},
		"unasked and small":                        {10, "", 0, true, true},
		"after consent":                            {32 << 20, consent, 0, true, true},
		"after consent and a part":                 {32 << 20, consent, 4 << 20, true, true},
		"Expect is ignored":                        {32 << 20, "", 1, true, true},
		"Expect is ignored, and it hangs up":       {32 << 20, "", 1, false, false},
		"after consent it hangs up with a reset":   {32 << 20, consent, 1, false, false},
		"unasked, and it hangs up with everything": {1 << 20, "", 0, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := serveRaw(t, func(conn net.Conn) {
				readHeader(conn)
				io.WriteString(conn, test.before)
				io.CopyN(io.Discard, conn, test.read)
				io.WriteString(conn, tooBig)
				if test.lingers {
					conn.(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, conn)
				}
				io.CopyN(io.Discard, conn, 1<<20) // and a reset follows, where more comes
			})
			for range 4 { // it is a race in net/http
				_, err := putZeros(t, newClient(t, api), test.size)
				var failed *client.Error
				if !errors.As(err, &failed) || failed.Status != 413 && (test.certain || failed.Status != 0) || failed.Message != "big!" && test.certain {
					t.Fatalf("error %v, want 413", err)
				}
			}
		})
	}
}
