package transport

import (
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"
)

// maxSmall is the most bytes of a body that small sends: they fit into what
// both sides of a connection keep, so that writing them does not wait for a
// server that answers before it reads.
const maxSmall = 64 << 10

// small makes requests with small bodies, or none, over HTTP/1.1. One
// goroutine writes the request in one piece and reads the answer. net/http has
// two for each connection and hands every request from one to the other: many
// small ones cost it twice as much. What is large, or goes through a proxy, is
// left to next.
type small struct {
	next  http.RoundTripper
	proxy func(*http.Request) (*url.URL, error)
	dial  dialFunc // with TLS, where that is spoken
	idle  idleConns
	// answer and stall are the limits of [Options].
	answer, stall time.Duration
}

func (s *small) RoundTrip(req *http.Request) (*http.Response, error) {
	if !s.takes(req) {
		return s.next.RoundTrip(req)
	}
	address := hostPort(req.URL)
	if conn := s.idle.take(address); conn != nil {
		resp, err := s.over(conn, req)
		if err == nil || conn.heard || req.Context().Err() != nil || isStandstill(err) {
			return resp, err
		}
		// The server may have closed it while nothing was going on.
		again, bodyErr := withFreshBody(req)
		if bodyErr != nil {
			return nil, err
		}
		req = again
	}
	conn, err := s.dial(req.Context(), "tcp", address)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	return s.over(newSmallConn(conn, address, s), req)
}

// takes tells whether the request is one for small.
func (s *small) takes(req *http.Request) bool {
	sized := req.Body == nil || req.ContentLength > 0 || req.Body == http.NoBody
	if !sized || req.ContentLength > maxSmall || req.Header.Get("Expect") != "" || !goesAsItIs(req.URL.Host) {
		return false
	}
	if s.proxy == nil {
		return true
	}
	through, err := s.proxy(req)
	return through == nil && err == nil
}

// over makes the request over a connection, which it closes where that fails.
func (s *small) over(conn *smallConn, req *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: conn.Conn})
	}
	resp, err := conn.exchange(req)
	if err != nil {
		_ = conn.Close()
	}
	return resp, err
}

// hostPort is what is dialled for a URL.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// goesAsItIs tells whether a host is sent as it stands in the URL. A name that is
// no ASCII is not (RFC 5891), nor is the zone of an address (RFC 6874).
func goesAsItIs(host string) bool {
	for i := range len(host) {
		if host[i] >= 0x80 || host[i] == '%' {
			return false
		}
	}
	return true
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
