package transport

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
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
	origin    *url.URL
	header    http.Header
	userAgent []string // the one value, shared by all requests
}

func (c credential) RoundTrip(req *http.Request) (*http.Response, error) {
	req = withOwnHeader(req)
	req.Header["User-Agent"] = c.userAgent
	if SameOrigin(req.URL, c.origin) {
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
	if decided && (place == nil || SameOrigin(req.URL, place)) {
		return place != nil
	}
	return SameOrigin(req.URL, c.origin)
}

// SameOrigin compares scheme, host and port (RFC 6454, section 5); a port that
// is left out is the scheme's own.
func SameOrigin(a, b *url.URL) bool {
	if a == nil || b == nil {
		return false
	}
	return a.Scheme == b.Scheme && a.Host == b.Host || Origin(a) == Origin(b)
}

// Origin is a URL's scheme, host and port in one canonical text, such as
// "https://api.vercel.com:443".
func Origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = defaultPort(scheme)
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// defaultPort is a scheme's own.
func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}
