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

// The headers that a preflight names, in turbo's words (2.11.11): a server may
// know no others.
const (
	asksForUpload   = "Authorization, Content-Type, User-Agent, x-artifact-duration, x-artifact-tag, x-artifact-sha, x-artifact-dirty-hash"
	asksForDownload = "Authorization, User-Agent"
)

var (
	// ErrNoPreflight reports a server without a preflight.
	ErrNoPreflight = errors.New("the server does not support preflight requests")
	// ErrTokenWithheld reports a request that was refused without the token, which the
	// preflight's answer did not allow.
	ErrTokenWithheld = errors.New("the preflight answer does not allow Authorization, so the token was not sent")
)

// place is where a request goes, and whether with the token.
type place struct {
	target     *url.URL
	authorized bool
}

// askPlace asks the API where a request should go. Some name a place in object
// storage that is good for this request only.
func (c *Client) askPlace(ctx context.Context, r request, token string) (place, *Error) {
	method := r.method
	if method == http.MethodHead {
		method = http.MethodGet // as turbo has it, which is what servers expect
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

// place reads the answer to a preflight. Only the API itself, which has the token
// already, can allow it for another origin.
func (a *answer) place(base *url.URL) (place, error) {
	location := a.Header.Get("Location")
	allows := allowsAuthorization(a.Header)
	if location == "" && !allows && a.LooksLikePage() {
		return place{}, ErrNotRemoteCache
	}
	_, _ = a.Beginning() // which leaves the connection to the next request
	at := place{target: a.Request.URL, authorized: allows && origin.Same(a.Request.URL, base)}
	if location == "" {
		return at, nil
	}
	var err error
	at.target, err = a.leadsTo(location)
	return at, err
}

// allowsAuthorization looks for the header's name, which "*" does not include (Fetch
// standard, "CORS non-wildcard request-header name").
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

// withToken sends the token to the place, or nowhere.
func (p place) withToken(ctx context.Context) context.Context {
	if !p.authorized {
		return transport.WithTokenFor(ctx, nil)
	}
	return transport.WithTokenFor(ctx, p.target)
}

// explain marks a request that was refused for lack of the token, unless by object
// storage.
func (p place) explain(failed *Error, base *url.URL, token string) {
	refused := failed != nil && failed.Err == nil &&
		(failed.Status == http.StatusUnauthorized || failed.Status == http.StatusForbidden)
	if refused && token != "" && !p.authorized && origin.Same(p.target, base) {
		failed.Err = ErrTokenWithheld
	}
}
