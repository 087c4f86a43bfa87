// Package transport is the way from a request to the network: layers of
// [http.RoundTripper], one idea a file. It knows HTTP and nothing of artifacts.
//
// It follows no redirect, retries no answer and keeps no cookie. Start at
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

// Options say how requests travel. The zero value speaks HTTP/1.1 to https
// URLs and to loopback, without a credential.
type Options struct {
	// Origin is the only place for tokens, see [WithToken], by its scheme, host and
	// port.
	Origin *url.URL
	// Header is sent to the Origin too, and nowhere else.
	Header http.Header
	// UserAgent is sent with every request.
	UserAgent string
	// RootCAs, if not nil, are trusted instead of the system's.
	RootCAs *x509.CertPool
	// ClientCertificate, if not nil, is shown to the Origin only.
	ClientCertificate *tls.Certificate
	// Proxy is for all hosts but NO_PROXY's. If it is nil, the environment decides.
	Proxy *url.URL
	// HTTP2 begins with HTTP/2 over TLS and falls back to HTTP/1.1. Without
	// it, it is the other way round.
	HTTP2 bool
	// AllowHTTP allows plain HTTP to other machines.
	AllowHTTP bool
	// ContinueTimeout is how long a body waits for a 100.
	ContinueTimeout time.Duration
	// AnswerTimeout is how long a server may take from the last byte of a
	// request to its answer, StallTimeout how long a body may take without a
	// byte moved. Time in which the process is suspended does not count, and
	// 0 sets no limit.
	AnswerTimeout, StallTimeout time.Duration
	// Connections is the most connections to a host; 0 sets no limit.
	Connections int
	// RequestRate bounds the requests a second, ByteRate the bytes a second that
	// go each way, all connections together. 0 sets no limit.
	RequestRate float64
	ByteRate    int64
	// Trace, if not nil, is called for every request that went to the network.
	Trace func(Exchange)
}

// New builds the way out. From the caller inwards:
//
//   - the headers that identify the client first, because a request that a lower
//     layer sends again needs them too;
//   - then 100-continue, which may send a request again without it;
//   - then, for a client with a certificate, the choice of connections that may
//     show it, and that of protocol, which may send it again over another;
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
