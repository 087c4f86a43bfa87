// Package transport builds the HTTP transport from layers of [http.RoundTripper],
// one in each file. It knows nothing about artifacts.
//
// It does not follow redirects, retry after an answer, or keep cookies. Start at
// [New], which puts the layers in order.
package transport

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// Options configure [New]. With zero Options it uses HTTP/1.1, for https URLs and
// loopback, without a credential.
type Options struct {
	// Origin is the URL of the only server that gets tokens, by scheme, host and
	// port; see [WithToken].
	Origin *url.URL
	// Header is sent only to the Origin.
	Header http.Header
	// UserAgent is sent with every request.
	UserAgent string
	// RootCAs, if not nil, are trusted instead of the system's.
	RootCAs *x509.CertPool
	// ClientCertificate, if not nil, is sent only to the Origin.
	ClientCertificate *tls.Certificate
	// Proxy is for all hosts except those in NO_PROXY. If it is nil, the
	// environment decides.
	Proxy *url.URL
	// HTTP2 prefers HTTP/2 over TLS to HTTP/1.1. Without it, HTTP/2 is the
	// fallback.
	HTTP2 bool
	// AllowHTTP allows plain HTTP to other machines.
	AllowHTTP bool
	// ContinueTimeout is how long a body waits for a 100 (Continue).
	ContinueTimeout time.Duration
	// AnswerTimeout limits the time from the last byte of a request to its
	// answer, StallTimeout the time in which no byte of a body moves. Time in
	// which the process is suspended does not count; 0 means no limit.
	AnswerTimeout, StallTimeout time.Duration
	// Connections limits the connections to a host; 0 means no limit.
	Connections int
	// RequestRate limits requests per second, and ByteRate bytes per second in
	// each direction, for all connections together. 0 means no limit.
	RequestRate float64
	ByteRate    int64
	// Trace, if not nil, is called for every request that was sent.
	Trace func(Exchange)
}

// New returns the transport. Its layers, from the outside in:
//
//   - the headers that identify the client first, because a request that a lower
//     layer sends again needs them too;
//   - then 100-continue, which may send a request again without it;
//   - then, for a client with a certificate, the choice of connections that may
//     show it, and of the protocol, which may send it again over another;
//   - below that, once for each protocol, the rate of requests and the trace:
//     they see what really goes out;
//   - last, the watch over requests that make no progress.
func New(options Options) http.RoundTripper {
	requests, bytes := newRequestLimiter(options.RequestRate), newByteLimiter(options.ByteRate)
	watched := func(network http.RoundTripper, protocol string) http.RoundTripper {
		watch := stalls{stall: options.StallTimeout, answer: options.AnswerTimeout, overHTTP2: protocol == http2, next: network}
		return counted{limiter: requests, report: options.Trace, next: watch}
	}
	ways := func(options Options) http.RoundTripper {
		first := watched(newSecure(options, bytes, http1), http1)
		second := watched(newRenewing(func() *http.Transport { return newSecure(options, bytes, http2) }), http2)
		if options.HTTP2 {
			first, second = second, first
		}
		return &protocols{first: first, second: second, plain: watched(newPlain(options, bytes), http1)}
	}
	way := ways(options)
	if options.ClientCertificate != nil {
		elsewhere := options
		elsewhere.ClientCertificate = nil
		way = ownCertificate{origin: options.Origin, own: way, elsewhere: ways(elsewhere)}
	}
	way = &expectContinue{next: way, timeout: options.ContinueTimeout}
	own := ""
	if options.Origin != nil {
		own, _ = origin.Of(options.Origin) // one that cannot be dialled is like no other
	}
	return credential{next: way, own: own, header: options.Header, userAgent: options.UserAgent}
}
