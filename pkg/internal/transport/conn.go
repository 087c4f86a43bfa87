package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// conn is the innermost connection, over TCP. A write fails if no byte moves for
// too long. conn knows whether a request's body has arrived.
type conn struct {
	net.Conn
	limit     time.Duration          // for each byte of a write
	deadlined atomic.Bool            // TLS sets a deadline itself, to close
	current   atomic.Pointer[flight] // the request that was written last
	broken    atomic.Bool            // a write has failed
	ended     atomic.Bool            // the server has closed its side
}

// connOf returns the conn in outer, or nil.
func connOf(outer net.Conn) *conn {
	for {
		switch c := outer.(type) {
		case *conn:
			return c
		case interface{ NetConn() net.Conn }:
			outer = c.NetConn()
		default:
			return nil
		}
	}
}

// Read also checks whether the server has received the whole request.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if f := c.current.Load(); f != nil && n > 0 {
		f.heard(c)
	}
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// SetDeadline leaves write deadlines to the caller.
func (c *conn) SetDeadline(t time.Time) error {
	c.deadlined.Store(!t.IsZero())
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline leaves write deadlines to the caller.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.deadlined.Store(!t.IsZero())
	return c.Conn.SetWriteDeadline(t)
}

// Write writes all of p, however long that takes while bytes move.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.write(p)
	if err != nil {
		c.broken.Store(true)
	}
	return n, err
}

// write counts the limit in steps, since a deadline passes while the process is
// suspended.
func (c *conn) write(p []byte) (n int, err error) {
	for idle := 0; idle < awakeSteps; idle++ {
		if c.limit <= 0 || c.deadlined.Load() {
			m, err := c.Conn.Write(p[n:])
			return n + m, err
		}
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.limit / awakeSteps)); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:])
		n += m
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if m > 0 {
			idle = -1
		}
	}
	if f := c.current.Load(); f != nil {
		f.cancel(ErrStalled) // otherwise net/http would repeat the request
	}
	return n, ErrStalled
}
