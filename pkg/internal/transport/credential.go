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

type sentToken struct {
	text string
	also *url.URL
}

// WithToken returns a context for a request with a bearer token (RFC 6750). It is
// sent to [Options.Origin] and, if also is not nil, to that URL's origin, which only
// a server that has the token may name. An empty token is not sent.
func WithToken(ctx context.Context, token string, also *url.URL) context.Context {
	return context.WithValue(ctx, tokenKey{}, sentToken{token, also})
}

// credential adds the User-Agent and, for its own origin, the token and the
// headers of an access gate. It removes any other Authorization.
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
	token, _ := req.Context().Value(tokenKey{}).(sentToken)
	if token.text != "" && (isOwn || origin.Same(req.URL, token.also)) {
		req.Header.Set("Authorization", "Bearer "+token.text)
	}
	return c.next.RoundTrip(req)
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

// always sends the certificate whatever authorities the server lists, so that a
// server that wants another one reports it.
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
	// The type of an alert over TCP is not exported, but its text is the same.
	return slices.ContainsFunc(certificateAlerts, func(a tls.AlertError) bool { return a.Error() == alert.Err.Error() })
}
