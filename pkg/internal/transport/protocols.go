package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// protocols sends a request over TLS by the first protocol, and once by the
// second where the first breaks before the server has said a word. What worked
// is kept.
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
	var began, heard atomic.Bool
	resp, err := p.first.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		TLSHandshakeStart:    func() { began.Store(true) },
		GotConn:              func(httptrace.GotConnInfo) { began.Store(true) },
		GotFirstResponseByte: func() { heard.Store(true) },
	})))
	if err == nil || heard.Load() {
		p.settled.CompareAndSwap(nil, &p.first)
		return resp, err
	}
	if !began.Load() || req.Context().Err() != nil || isHopeless(err) {
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

// isHopeless tells whether another protocol would fail in the same way: a
// certificate stays wrong, a proxy closed, and a server that is silent stays so.
func isHopeless(err error) bool {
	if errors.As(err, new(*ProxyError)) || IsCertificateRefusal(err) || isStandstill(err) {
		return true
	}
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	return errors.As(err, &certificate) || errors.As(err, &timeout) && timeout.Timeout()
}
