package client_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
)

// TestEarlyRefusals has a server refuse a body of which it has read nothing or
// a little. Where it goes on reading for a while, as nginx and our own server
// do, its answer is what counts, and not that it then hung up.
func TestEarlyRefusals(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbig!"
	lingering := func(conn net.Conn) {
		io.WriteString(conn, refusal)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
	}
	abrupt := func(conn net.Conn) {
		io.WriteString(conn, refusal)
		io.CopyN(io.Discard, conn, 1<<20) // and a reset follows, where more comes
	}
	for name, test := range map[string]struct {
		size    int
		consent string
		read    int64
		refuse  func(net.Conn)
		certain bool // that the answer arrives
	}{
		"unasked":                                  {1 << 20, "", 0, lingering, true},
		"unasked, after a little":                  {1 << 20, "", 1000, lingering, true},
		"unasked and small":                        {10, "", 0, lingering, true},
		"after consent":                            {32 << 20, "HTTP/1.1 100 Continue\r\n\r\n", 0, lingering, true},
		"after consent and a part":                 {32 << 20, "HTTP/1.1 100 Continue\r\n\r\n", 4 << 20, lingering, true},
		"Expect is ignored":                        {32 << 20, "", 1, lingering, true},
		"Expect is ignored, and it hangs up":       {32 << 20, "", 1, abrupt, false},
		"after consent it hangs up with a reset":   {32 << 20, "HTTP/1.1 100 Continue\r\n\r\n", 1, abrupt, false},
		"unasked, and it hangs up with everything": {1 << 20, "", 0, abrupt, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := serveRaw(t, func(conn net.Conn) {
				readHeader(conn)
				io.WriteString(conn, test.consent)
				io.CopyN(io.Discard, conn, test.read)
				test.refuse(conn)
			})
			for range 4 { // it is a race in net/http
				_, err := putZeros(t, newClient(t, api), test.size)
				var failed *client.Error
				if !errors.As(err, &failed) {
					t.Fatalf("error %v, want a *client.Error", err)
				}
				if failed.Status != 413 && (test.certain || failed.Status != 0) || failed.Status == 413 && failed.Message != "big!" && test.certain {
					t.Fatalf("error %v, want 413", err)
				}
			}
		})
	}
}
