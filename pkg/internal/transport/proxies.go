package transport

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// ErrInvalidProxy is wrapped by the errors of [ParseProxy].
var ErrInvalidProxy = errors.New("invalid proxy")

// ParseProxy reads the URL of a proxy; without a scheme it is one of HTTP. Its
// errors do not repeat what may be a password.
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
		return nil, fmt.Errorf("%w: a proxy has no path and no query", ErrInvalidProxy)
	}
	ascii, err := origin.ASCII(proxy)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidProxy, err)
	}
	return ascii, nil
}

// proxies know which proxy a request goes through.
type proxies struct {
	// given goes before the environment's, and is nil where there is none.
	given    *url.URL
	excepted string // NO_PROXY
	choose   func(*url.URL) (*url.URL, error)
	overTLS  []string // addresses of those that are spoken to over TLS
	// variables name the proxies of the environment, by the request's scheme.
	variables map[string]string
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

// noProxyAtAll stands for a proxy whose address is none, which package
// httpproxy would leave out: the request would go past it.
const noProxyAtAll = "proxy.invalid"

// fromEnvironment is the proxy for requests of a scheme: what the first of the
// variables holds that holds anything.
func (p *proxies) fromEnvironment(scheme string, variables ...string) string {
	for _, name := range variables {
		raw := usertext.Clean(os.Getenv(name))
		if raw == "" {
			continue
		}
		p.variables[scheme] = name
		proxy, err := ParseProxy(raw)
		if err != nil {
			return "http://" + noProxyAtAll
		}
		return proxy.String()
	}
	return ""
}

// of is the proxy for a URL, or nil. What the environment names is not for this
// machine's own servers; one that was given is, as with curl.
func (p *proxies) of(target *url.URL) (*url.URL, error) {
	if p.given != nil && isThisMachine(target.Hostname()) && !p.excepts(target.Hostname()) {
		return p.given, nil
	}
	through, err := p.choose(target)
	if err != nil || through != nil && through.Host == noProxyAtAll {
		return nil, fmt.Errorf("%w in %s", ErrProxyAddress, p.variables[target.Scheme])
	}
	return through, nil
}

// ProxyOf is the proxy for a URL where given is [Options.Proxy], or nil.
func ProxyOf(target, given *url.URL) (*url.URL, error) { return newProxies(given).of(target) }

func (p *proxies) ofRequest(req *http.Request) (*url.URL, error) { return p.of(req.URL) }

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// excepts tells whether NO_PROXY names a host of this machine, which package
// httpproxy never asks.
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
