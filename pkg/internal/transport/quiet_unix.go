//go:build unix

package transport

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// atOnceConn reads what has come where its deadline is atOnce. Any other
// connection does not look any more when a deadline has passed. Only who reads
// may set that.
type atOnceConn struct {
	net.Conn
	socket syscall.RawConn
	atOnce bool
}

func readingAtOnce(conn net.Conn) net.Conn {
	socket, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return conn
	}
	return &atOnceConn{Conn: conn, socket: socket}
}

// SetReadDeadline passes on any deadline but atOnce.
func (c *atOnceConn) SetReadDeadline(t time.Time) error {
	if c.atOnce = t.Equal(atOnce); c.atOnce {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// Read reads as the connection does, or at once.
func (c *atOnceConn) Read(p []byte) (n int, err error) {
	if !c.atOnce {
		return c.Conn.Read(p)
	}
	closed := c.socket.Control(func(socket uintptr) { n, err = syscall.Read(int(socket), p) })
	switch {
	case closed != nil:
		return 0, closed
	case err == syscall.EAGAIN:
		return 0, os.ErrDeadlineExceeded
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
