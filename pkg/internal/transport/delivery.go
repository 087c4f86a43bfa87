package transport

import (
	"io"
	"net/http"
	"time"
)

// deliveryTimeout is how long to wait for a server's system to acknowledge a
// request that the server has answered.
const deliveryTimeout = time.Second

// Delivered reports whether the whole body of the request had arrived when the
// server answered. Over HTTP/1.1 on Linux, this means that the peer's system
// acknowledged it; over HTTP/2 and on other systems, only that all of it was
// sent. Behind a proxy it is unknown.
func Delivered(resp *http.Response) bool {
	f, _ := resp.Request.Context().Value(flightKey{}).(*flight)
	return f == nil || f.arrived.Load()
}

// SmallBody is the maximum size, in bytes, of a body that is sent in one piece
// with the headers. It must be a [bytes.Reader]: before any other body, net/http
// sends the headers separately.
const SmallBody = 16 << 10

// track makes req's body record when net/http reads its last byte.
func (f *flight) track(req *http.Request) {
	if req.Body == nil || req.Body == http.NoBody {
		f.handed.Store(true)
		f.arrived.Store(true)
		return
	}
	length, open := req.ContentLength, req.GetBody
	if length > 0 && length <= SmallBody && !f.overHTTP2 {
		f.handed.Store(true)
		return
	}
	req.Body = &sentBody{ReadCloser: req.Body, left: length, flight: f}
	if open != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			f.handed.Store(false)
			body, err := open()
			return &sentBody{ReadCloser: body, left: length, flight: f}, err
		}
	}
}

// sentBody is the body of a request. Over HTTP/2 it watches the time from one read to
// the next, which the network takes for a piece.
type sentBody struct {
	io.ReadCloser
	left   int64
	flight *flight
}

func (b *sentBody) Read(p []byte) (int, error) {
	if b.flight.overHTTP2 {
		b.flight.watch.end(sendingBody)
		defer b.flight.watch.begin(sendingBody, b.flight.stall)
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left <= 0 {
		b.flight.handed.Store(true)
	}
	return n, err
}

// heard checks whether the body has arrived, each time the server has sent
// something.
func (f *flight) heard(c *conn) {
	if f.arrived.Load() || !f.handed.Load() {
		return
	}
	const pause = time.Millisecond
	for range deliveryTimeout / pause { // a clock would also count the time in which the process is suspended
		left, connected := unacknowledged(c.Conn)
		if f.written.Load() && left == 0 {
			f.arrived.Store(true)
		}
		if f.arrived.Load() || !connected || c.broken.Load() {
			return
		}
		time.Sleep(pause)
	}
}
