package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// ErrProxyAddress reports an invalid proxy in the environment. Errors name the
// variable, but not its value, which may contain a password.
var ErrProxyAddress = errors.New("the proxy set in the environment has no valid address")

// errSilentProxy reports a proxy that did not answer.
const errSilentProxy = timeout("the proxy does not answer")

// ProxyError is a proxy's refusal to connect to the server.
type ProxyError struct {
	Proxy string // host and port
	// Status is the answer's code. For SOCKS, which has none, it is 407 when the
	// proxy wants another user name or password.
	Status int
	Reason string // a SOCKS proxy's
}

func (e *ProxyError) Error() string {
	if e.Reason != "" {
		return fmt.Sprintf("the proxy %s refused the login: %s", e.Proxy, e.Reason)
	}
	return fmt.Sprintf("the proxy %s answered %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// socksRefusals are the texts of net/http's errors for a login that a SOCKS proxy
// refused (RFC 1928, section 3, and RFC 1929).
var socksRefusals = []string{
	"no acceptable authentication methods", "username/password authentication failed", "invalid username/password",
}

// proxyError returns a [ProxyError] if a SOCKS proxy refused, and a [net.OpError]
// if it did not answer.
func proxyError(err error) error {
	if err == nil {
		return nil
	}
	var op *net.OpError
	if err == errSilentProxy {
		return &net.OpError{Op: "proxyconnect", Net: "tcp", Err: err}
	}
	if errors.As(err, &op) && op.Op == "socks connect" && op.Source != nil && slices.Contains(socksRefusals, op.Err.Error()) {
		return &ProxyError{Proxy: op.Source.String(), Status: http.StatusProxyAuthRequired, Reason: op.Err.Error()}
	}
	return err
}

// checkProxy checks a proxy's answer to CONNECT (RFC 9110, section 9.3.6).
func checkProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: proxy.Host, Status: answer.StatusCode}
}

// noProxyFor rejects requests through a proxy: even a proxy on this machine
// forwards them.
func noProxyFor(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		through, err := proxy(req)
		if err == nil && through != nil {
			return nil, fmt.Errorf("%w, through the proxy %s", ErrPlainHTTP, through.Host)
		}
		return through, err
	}
}

// proxyConn is a connection to a proxy for a server with TLS. It limits each wait
// for the proxy: net/http allows a minute for CONNECT, and any time for SOCKS.
type proxyConn struct {
	net.Conn
	limit  time.Duration
	wait   watch
	silent atomic.Bool
}

// toProxy returns a dialFunc for such connections.
func (dial dialFunc) toProxy(limit time.Duration) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := &proxyConn{Conn: conn, limit: limit}
		c.wait.expired = func(phase) {
			c.silent.Store(true)
			_ = conn.Close()
		}
		return c, nil
	}
}

// NetConn returns the underlying connection.
func (c *proxyConn) NetConn() net.Conn { return c.Conn }

func (c *proxyConn) Read(p []byte) (int, error) {
	c.wait.begin(awaitingAnswer, c.limit)
	defer c.wait.end(awaitingAnswer)
	n, err := c.Conn.Read(p)
	if c.silent.Load() { // TLS sends a final alert, which may be answered
		return 0, errSilentProxy
	}
	return n, err
}

// tlsHandshake is the first byte of TLS (RFC 8446, section 5.1), but not of
// CONNECT or SOCKS.
const tlsHandshake = 22

// Write ends the limit at the first byte of TLS, which has a limit of its own.
func (c *proxyConn) Write(p []byte) (int, error) {
	if len(p) > 0 && p[0] == tlsHandshake {
		c.wait.end(requestOver)
	}
	return c.Conn.Write(p)
}

// ErrInvalidProxy is wrapped by the errors of [ParseProxy].
var ErrInvalidProxy = errors.New("invalid proxy")

// ParseProxy parses the URL of a proxy. The default scheme is http. Its errors do
// not contain a password.
func ParseProxy(raw string) (*url.URL, error) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	proxy, err := usertext.ParseURL(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalidProxy, err)
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme):
		return nil, fmt.Errorf("%w: it must begin with http://, https:// or socks5://", ErrInvalidProxy)
	case strings.Trim(proxy.Path, "/") != "" || proxy.RawQuery != "" || proxy.Fragment != "":
		return nil, fmt.Errorf("%w: a proxy URL must not have a path or a query", ErrInvalidProxy)
	}
	ascii, err := origin.ASCII(proxy)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidProxy, err)
	}
	return ascii, nil
}

// proxies chooses the proxy of a request.
type proxies struct {
	given     *url.URL // instead of the environment's; may be nil
	excepted  string   // NO_PROXY
	choose    func(*url.URL) (*url.URL, error)
	overTLS   []string          // addresses of proxies with an https URL
	variables map[string]string // the environment's, by the request's scheme
}

// newProxies reads the environment as curl does: given, or the variable of the
// request's scheme, or ALL_PROXY; and NO_PROXY for all of them.
func newProxies(given *url.URL) *proxies {
	p := &proxies{given: given, variables: map[string]string{}}
	config := httpproxy.FromEnvironment()
	if given != nil {
		config.HTTPProxy, config.HTTPSProxy, config.CGI = given.String(), given.String(), false
	} else {
		config.HTTPProxy = p.fromEnvironment("http", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
		config.HTTPSProxy = p.fromEnvironment("https", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
	}
	p.excepted, p.choose = config.NoProxy, config.ProxyFunc()
	for _, raw := range []string{config.HTTPProxy, config.HTTPSProxy} {
		if proxy, err := url.Parse(raw); err == nil && proxy.Scheme == "https" {
			p.overTLS = append(p.overTLS, net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), "443")))
		}
	}
	return p
}

// invalidProxy replaces a proxy with an invalid address. Package httpproxy would
// ignore that address, and the request would bypass the proxy.
const invalidProxy = "proxy.invalid"

// fromEnvironment returns the proxy for a scheme, from the first variable that is
// set.
func (p *proxies) fromEnvironment(scheme string, variables ...string) string {
	for _, name := range variables {
		raw := usertext.Clean(os.Getenv(name))
		if raw == "" {
			continue
		}
		p.variables[scheme] = name
		proxy, err := ParseProxy(raw)
		if err != nil {
			return "http://" + invalidProxy
		}
		return proxy.String()
	}
	return ""
}

// of returns the proxy for a URL, or nil. As with curl, a proxy from the
// environment is not used for servers on this machine.
func (p *proxies) of(target *url.URL) (*url.URL, error) {
	if p.given != nil && isThisMachine(target.Hostname()) && !p.excepts(target.Hostname()) {
		return p.given, nil
	}
	through, err := p.choose(target)
	if err != nil || through != nil && through.Host == invalidProxy {
		return nil, fmt.Errorf("%w in %s", ErrProxyAddress, p.variables[target.Scheme])
	}
	return through, nil
}

// ProxyOf returns the proxy for a URL, or nil; given is [Options.Proxy].
func ProxyOf(target, given *url.URL) (*url.URL, error) { return newProxies(given).of(target) }

func (p *proxies) ofRequest(req *http.Request) (*url.URL, error) { return p.of(req.URL) }

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// excepts reports whether NO_PROXY names a host of this machine, which package
// httpproxy does not check.
func (p *proxies) excepts(host string) bool {
	ip := net.ParseIP(host)
	for entry := range strings.SplitSeq(p.excepted, ",") {
		entry = strings.TrimSpace(entry)
		if name, _, err := net.SplitHostPort(entry); err == nil {
			entry = name
		}
		_, network, err := net.ParseCIDR(entry)
		named := net.ParseIP(strings.Trim(entry, "[]"))
		if entry == "*" || strings.EqualFold(entry, host) || err == nil && network.Contains(ip) || named != nil && named.Equal(ip) {
			return true
		}
	}
	return false
}
