package transport

import (
	"context"
	"net"

	"golang.org/x/time/rate"
)

// newRequestLimiter spreads requests evenly, so that no minute has more than its
// share. It returns nil for no limit.
func newRequestLimiter(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), 1)
}

// maxBurst is the maximum burst in bytes.
const maxBurst = 256 << 10

// newByteLimiter allows bursts of an eighth of a second. It returns nil for no
// limit.
func newByteLimiter(perSecond int64) *rate.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), int(min(max(perSecond/8, 1), maxBurst)))
}

// rateConn limits the rate of bytes in each direction.
type rateConn struct {
	net.Conn
	limiter *rate.Limiter   // shared by all connections
	open    context.Context //nolint:containedctx // the connection's, which Close ends
	end     context.CancelFunc
}

func newRateConn(conn net.Conn, limiter *rate.Limiter) net.Conn {
	if limiter == nil {
		return conn
	}
	open, end := context.WithCancel(context.Background())
	return &rateConn{Conn: conn, limiter: limiter, open: open, end: end}
}

// Read waits after the fact for the time that it should have taken.
func (c *rateConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.limiter.Burst())])
	if n > 0 {
		_ = c.limiter.WaitN(c.open, n) // what was read before the end counts
	}
	return n, err
}

// Write writes all of p, piece by piece.
func (c *rateConn) Write(p []byte) (written int, err error) {
	for written < len(p) {
		piece := p[written:min(len(p), written+c.limiter.Burst())]
		if c.limiter.WaitN(c.open, len(piece)) != nil {
			return written, net.ErrClosed
		}
		n, err := c.Conn.Write(piece)
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// NetConn returns the underlying connection.
func (c *rateConn) NetConn() net.Conn { return c.Conn }

// Close ends all waits.
func (c *rateConn) Close() error {
	c.end()
	return c.Conn.Close()
}
