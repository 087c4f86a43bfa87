package transport

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

type tokenKey struct{}

// WithToken makes a context for a request that carries a bearer token
// (RFC 6750), to [Options.Origin] only; an empty one is none.
func WithToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, tokenKey{}, token)
}

// credential adds the program's name, and the request's token and the headers of
// an access gate where it goes to their own origin. It removes any token that a
// caller set: whatever goes elsewhere carries none.
type credential struct {
	next      http.RoundTripper
	own       *url.URL
	header    http.Header
	userAgent []string // the one value, shared by all requests
}

func (c credential) RoundTrip(req *http.Request) (*http.Response, error) {
	target, err := origin.ASCII(req.URL)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, &url.Error{Op: req.Method, URL: Redact(req.URL), Err: err}
	}
	req = withOwnHeader(req)
	if target != req.URL {
		req.URL, req.Host = target, target.Host
	}
	req.Header["User-Agent"] = c.userAgent
	if origin.Same(req.URL, c.own) {
		maps.Copy(req.Header, c.header)
	}
	req.Header.Del("Authorization")
	if token, _ := req.Context().Value(tokenKey{}).(string); token != "" && c.mayHave(req) {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.next.RoundTrip(req)
}

type tokenForKey struct{}

// WithTokenFor makes a context for requests whose token goes to place's origin
// beside its own, or, where place is nil, nowhere. Only who has the token already
// may decide that.
func WithTokenFor(ctx context.Context, place *url.URL) context.Context {
	return context.WithValue(ctx, tokenForKey{}, place)
}

func (c credential) mayHave(req *http.Request) bool {
	place, decided := req.Context().Value(tokenForKey{}).(*url.URL)
	if decided && (place == nil || origin.Same(req.URL, place)) {
		return place != nil
	}
	return origin.Same(req.URL, c.own)
}
