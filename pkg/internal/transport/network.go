package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

// ErrPlainHTTP reports a request that would have been sent to another machine
// unencrypted.
var ErrPlainHTTP = errors.New("plain http to another machine is not allowed")

const (
	connectTimeout  = 30 * time.Second // for the connection, and the same for TLS
	idleTimeout     = 90 * time.Second
	maxHeaderBytes  = 256 << 10 // of an answer
	idleConnections = 64
)

// The names of the protocols in TLS (RFC 7301).
const (
	http1 = "http/1.1"
	http2 = "h2"
)

// timeout is a [net.Error] for a step that took too long.
type timeout string

func (t timeout) Error() string { return string(t) }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

const (
	errDialTimeout      = timeout("i/o timeout")
	errHandshakeTimeout = timeout("the TLS handshake took too long")
)

// connectTimeout returns the time limit for each step of connecting.
func (o Options) connectTimeout() time.Duration {
	if o.StallTimeout > 0 {
		return min(o.StallTimeout, connectTimeout)
	}
	return connectTimeout
}

// newSecure returns the transport for https URLs and one version of HTTP.
//
// HTTP/1.1 comes first everywhere: one connection moved 1 GiB 2.6 times as
// fast as Go's HTTP/2, and 10,000 small bodies 1.7 times as fast.
func newSecure(options Options, bytes *rate.Limiter, protocol string) *http.Transport {
	dial := steady(options, bytes, &net.Dialer{Timeout: connectTimeout})
	through := newProxies(options.Proxy)
	network := newHTTPTransport(options, dial, through)
	network.TLSClientConfig = &tls.Config{
		RootCAs:            options.RootCAs,
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{protocol},
		ClientSessionCache: tls.NewLRUClientSessionCache(idleConnections),

		GetClientCertificate: always(options.ClientCertificate),
	}
	network.Protocols = new(http.Protocols)
	network.Protocols.SetHTTP1(protocol == http1)
	network.Protocols.SetHTTP2(protocol == http2)
	network.DialContext = dial.toProxy(options.connectTimeout()) // only proxies are dialled without TLS here
	network.DialTLSContext = dial.toServer(network.TLSClientConfig, protocol, through, options.connectTimeout())
	return network
}

// newPlain returns the transport for http URLs: on loopback, or anywhere if the
// user allows it.
func newPlain(options Options, bytes *rate.Limiter) *http.Transport {
	through := newProxies(options.Proxy)
	dialer := &net.Dialer{Timeout: connectTimeout}
	if !options.AllowHTTP {
		dialer.Control = loopbackOnly
	}
	dial := steady(options, bytes, dialer)
	network := newHTTPTransport(options, dial, through)
	toProxy := &tls.Config{RootCAs: options.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{http1}}
	network.DialTLSContext = dial.overTLS(toProxy, options.connectTimeout()).wide
	if !options.AllowHTTP {
		network.Proxy = noProxyFor(network.Proxy)
	}
	return network
}

// steady returns a dialFunc for connections that keep to the rate, and whose
// writes fail when nothing moves.
func steady(options Options, bytes *rate.Limiter, dialer *net.Dialer) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := WithTimeout(ctx, options.connectTimeout(), errDialTimeout)
		defer cancel()
		tcp, err := dialer.DialContext(ctx, network, address)
		if err != nil && context.Cause(ctx) == errDialTimeout {
			return nil, fmt.Errorf("dial %s %s: %w", network, address, errDialTimeout)
		}
		if err != nil {
			return nil, err
		}
		return newRateConn(&conn{Conn: tcp, limit: options.StallTimeout}, bytes), nil
	}
}

func newHTTPTransport(options Options, dial dialFunc, through *proxies) *http.Transport {
	return &http.Transport{
		Proxy:                  through.ofRequest,
		OnProxyConnectResponse: checkProxy,
		DialContext:            dial.wide,
		TLSHandshakeTimeout:    options.connectTimeout(),
		ExpectContinueTimeout:  options.ContinueTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    max(idleConnections, options.Connections),
		// A connection becomes free slightly after its answer.
		MaxConnsPerHost:        options.Connections,
		MaxResponseHeaderBytes: maxHeaderBytes,
		WriteBufferSize:        2 * SmallBody, // with its headers
		DisableCompression:     true,          // artifacts must not be changed
	}
}

// loopbackOnly checks the address that is dialled, since a name may resolve to
// any.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return ErrPlainHTTP
	}
	return nil
}
