package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// The headers that a preflight lists, exactly as turbo 2.11.11 does: a server may
// accept no others.
const (
	asksForUpload   = "Authorization, Content-Type, User-Agent, x-artifact-duration, x-artifact-tag, x-artifact-sha, x-artifact-dirty-hash"
	asksForDownload = "Authorization, User-Agent"
)

var (
	// ErrNoPreflight reports a server that does not answer preflight requests.
	ErrNoPreflight = errors.New("the server does not support preflight requests")
	// ErrTokenWithheld reports a request that was refused because it had no
	// token: the preflight answer did not allow one.
	ErrTokenWithheld = errors.New("the preflight answer does not allow Authorization, so the token was not sent")
)

// place is where a request goes, and whether the token goes with it.
type place struct {
	target     *url.URL
	authorized bool
}

// sendPreflight asks the API where to send a request. Some servers return a URL of
// object storage for this request only.
func (c *Client) sendPreflight(ctx context.Context, r request, token string) (place, *Error) {
	method := r.method
	if method == http.MethodHead {
		method = http.MethodGet // like turbo, as servers expect
	}
	var at place
	failed := c.follow(ctx, request{
		doing: r.doing, id: r.id, name: r.name, method: http.MethodOptions, target: r.target,
		header: http.Header{"Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {r.asks}},
		receive: func(a *answer) (err error) {
			at, err = a.place(c.base)
			return err
		},
	}, r.target, token)
	if failed != nil && failed.Err == nil && slices.Contains(noRoute, failed.Status) {
		failed.Err = ErrNoPreflight
	}
	return at, failed
}

// place parses the answer to a preflight. Only the API itself, which has the
// token already, can allow it for another origin.
func (a *answer) place(base *url.URL) (place, error) {
	location := a.Header.Get("Location")
	allows := allowsAuthorization(a.Header)
	if location == "" && !allows && a.LooksLikePage() {
		return place{}, ErrNotRemoteCache
	}
	_, _ = a.Beginning() // so that the connection can be reused
	at := place{target: a.Request.URL, authorized: allows && origin.Same(a.Request.URL, base)}
	if location == "" {
		return at, nil
	}
	var err error
	at.target, err = a.resolve(location)
	return at, err
}

// allowsAuthorization reports whether the answer allows the header Authorization
// by name; "*" does not include it (Fetch standard, "CORS non-wildcard
// request-header name").
func allowsAuthorization(header http.Header) bool {
	for _, line := range header.Values("Access-Control-Allow-Headers") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(name), "Authorization") {
				return true
			}
		}
	}
	return false
}

// withToken returns a context that sends the token only if the place may get it.
func (p place) withToken(ctx context.Context, token string) context.Context {
	if !p.authorized {
		token = ""
	}
	return transport.WithToken(ctx, token, p.target)
}

// explain marks a request that was refused for lack of a token, unless by object
// storage.
func (p place) explain(failed *Error, base *url.URL, token string) {
	refused := failed != nil && failed.Err == nil &&
		(failed.Status == http.StatusUnauthorized || failed.Status == http.StatusForbidden)
	if refused && token != "" && !p.authorized && origin.Same(p.target, base) {
		failed.Err = ErrTokenWithheld
	}
}
