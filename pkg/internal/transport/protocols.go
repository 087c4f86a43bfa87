package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// protocols sends a request over TLS with the first protocol, and retries with
// the second if the first fails before the server sends anything. It remembers
// which one worked.
type protocols struct {
	first, second, plain http.RoundTripper
	settled              atomic.Pointer[http.RoundTripper]
}

func (p *protocols) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.roundTrip(req)
	return resp, proxyError(err)
}

func (p *protocols) roundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" {
		return p.plain.RoundTrip(req)
	}
	if way := p.settled.Load(); way != nil {
		return (*way).RoundTrip(req)
	}
	var began, answered atomic.Bool
	resp, err := p.first.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		TLSHandshakeStart:    func() { began.Store(true) },
		GotConn:              func(httptrace.GotConnInfo) { began.Store(true) },
		GotFirstResponseByte: func() { answered.Store(true) },
	})))
	if err == nil || answered.Load() {
		p.settled.CompareAndSwap(nil, &p.first)
		return resp, err
	}
	if !began.Load() || req.Context().Err() != nil || isPermanent(err) {
		return nil, err
	}
	again, bodyErr := withFreshBody(req)
	if bodyErr != nil {
		return nil, err
	}
	resp, otherErr := p.second.RoundTrip(again)
	if otherErr != nil {
		return nil, err
	}
	p.settled.CompareAndSwap(nil, &p.second)
	return resp, nil
}

// isPermanent reports whether another protocol would fail too: because of a
// certificate, a proxy, or a silent server.
func isPermanent(err error) bool {
	if errors.As(err, new(*ProxyError)) || IsCertificateRefusal(err) || isStandstill(err) {
		return true
	}
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	return errors.As(err, &certificate) || errors.As(err, &timeout) && timeout.Timeout()
}

// renewing replaces a transport, with its connections, after a request that
// stalled. HTTP/1.1 closes the connection of such a request; HTTP/2 would reuse
// it, even if it is dead.
type renewing struct {
	renew func() *http.Transport

	mu      sync.Mutex
	current *http.Transport
}

func newRenewing(renew func() *http.Transport) *renewing {
	return &renewing{renew: renew, current: renew()}
}

func (r *renewing) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	network := r.current
	r.mu.Unlock()
	leave := func() {
		cause := context.Cause(req.Context())
		if errors.Is(cause, ErrStalled) || errors.Is(cause, ErrNoAnswer) {
			r.leave(network)
		}
	}
	resp, err := network.RoundTrip(req)
	if err != nil {
		leave()
		return nil, err
	}
	resp.Body = &closingBody{resp.Body, leave}
	return resp, nil
}

// leave uses another transport from now on. Requests over the old one continue.
func (r *renewing) leave(network *http.Transport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == network {
		r.current = r.renew()
		network.CloseIdleConnections()
	}
}
