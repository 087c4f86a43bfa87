package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

type tokenKey struct{}

// WithToken returns a context for a request with a bearer token (RFC 6750), which
// is sent to [Options.Origin] only; an empty one is not sent.
func WithToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, tokenKey{}, token)
}

// credential adds the User-Agent, and to requests to its own origin the token and
// the headers of an access gate. It removes every other Authorization.
type credential struct {
	next      http.RoundTripper
	own       string // origin; empty for none
	header    http.Header
	userAgent string
}

func (c credential) RoundTrip(req *http.Request) (*http.Response, error) {
	target, err := origin.ASCII(req.URL)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, &url.Error{Op: req.Method, URL: Redact(req.URL), Err: err}
	}
	req = req.WithContext(req.Context())
	if req.Header = req.Header.Clone(); req.Header == nil {
		req.Header = http.Header{}
	}
	if target != req.URL {
		req.URL, req.Host = target, target.Host
	}
	req.Header.Set("User-Agent", c.userAgent)
	place, err := origin.Of(req.URL)
	isOwn := err == nil && place == c.own
	if isOwn {
		maps.Copy(req.Header, c.header)
	}
	req.Header.Del("Authorization")
	if token, _ := req.Context().Value(tokenKey{}).(string); token != "" && mayHaveToken(req, isOwn) {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.next.RoundTrip(req)
}

type tokenForKey struct{}

// WithTokenFor returns a context for requests whose token also goes to place's
// origin, or nowhere if place is nil. Only a server that has the token already may
// decide that.
func WithTokenFor(ctx context.Context, place *url.URL) context.Context {
	return context.WithValue(ctx, tokenForKey{}, place)
}

// mayHaveToken reports whether the token goes to a request's place. isOwn says that
// it is the credential's own origin.
func mayHaveToken(req *http.Request, isOwn bool) bool {
	place, decided := req.Context().Value(tokenForKey{}).(*url.URL)
	if decided && (place == nil || origin.Same(req.URL, place)) {
		return place != nil
	}
	return isOwn
}

// ownCertificate shows the client's certificate to the API's origin only, by
// keeping its connections apart.
type ownCertificate struct {
	origin         *url.URL
	own, elsewhere http.RoundTripper
}

func (c ownCertificate) RoundTrip(req *http.Request) (*http.Response, error) {
	if origin.Same(req.URL, c.origin) {
		return c.own.RoundTrip(req)
	}
	return c.elsewhere.RoundTrip(req)
}

// always sends the certificate whatever authorities the server names: one that
// wants another can then say so.
func always(certificate *tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if certificate == nil {
		return nil
	}
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
}

// certificateAlerts are about the client's certificate (RFC 8446, section 6.2): bad, unsupported, revoked, expired and unknown certificate,
// unknown authority, access denied, certificate required.
var certificateAlerts = []tls.AlertError{42, 43, 44, 45, 46, 48, 49, 116}

// IsCertificateRefusal reports whether a server ended a connection because of the
// client's certificate, or the lack of one.
func IsCertificateRefusal(err error) bool {
	var alert *net.OpError
	if !errors.As(err, &alert) || alert.Op != "remote error" {
		return false
	}
	// The type of an alert over TCP is not exported; its text is that of the
	// one that is.
	return slices.ContainsFunc(certificateAlerts, func(a tls.AlertError) bool { return a.Error() == alert.Err.Error() })
}
