package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
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
	if req.URL.Scheme != "https" {
		return p.plain.RoundTrip(req)
	}
	if way := p.settled.Load(); way != nil {
		return (*way).RoundTrip(req)
	}
	resp, mute, err := roundTripHearing(p.first, req)
	if err == nil || !mute {
		p.settled.CompareAndSwap(nil, &p.first)
		return resp, err
	}
	if !brokeOff(err) || req.Context().Err() != nil {
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

// roundTripHearing also tells whether the server stayed mute: it has not sent
// the first byte of an answer.
func roundTripHearing(way http.RoundTripper, req *http.Request) (*http.Response, bool, error) {
	var heard atomic.Bool
	resp, err := way.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotFirstResponseByte: func() { heard.Store(true) },
	})))
	return resp, !heard.Load(), err
}

// brokeOff tells whether a connection was made and then failed in a way that
// another protocol may mend. A certificate stays wrong in any.
func brokeOff(err error) bool {
	var certificate *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &certificate) || errors.As(err, &invalid) {
		return false
	}
	var alert tls.AlertError
	var record tls.RecordHeaderError
	if errors.As(err, &alert) || errors.As(err, &record) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var operation *net.OpError
	return errors.As(err, &operation) && !operation.Timeout() &&
		(operation.Op == "read" || operation.Op == "write" || operation.Op == "remote error")
}
