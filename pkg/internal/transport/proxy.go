package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// ErrProxyAddress says that the environment names a proxy by what is no address
// of one. Errors name the variable, and do not repeat what it holds: there may be
// a password in it.
var ErrProxyAddress = errors.New("the environment's proxy has no valid address")

// errSilentProxy says that a proxy was asked for a way, and said nothing.
var errSilentProxy = errors.New("the proxy does not answer")

// ProxyError is the answer of a proxy that opens no way to the server.
type ProxyError struct {
	// Proxy is its host and port.
	Proxy string
	// Status is the answer's code.
	Status int
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// checkProxy tells whether a proxy has opened a way (RFC 9110, section 9.3.6).
// What it says beside the status is left out: it is not the server's.
func checkProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: proxy.Host, Status: answer.StatusCode}
}

// noProxyFor refuses what would go through a proxy: that may stand on this machine, but the request goes on from there.
func noProxyFor(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		through, err := proxy(req)
		if err == nil && through != nil {
			return nil, fmt.Errorf("%w, through the proxy %s", ErrPlainHTTP, through.Host)
		}
		return through, err
	}
}
