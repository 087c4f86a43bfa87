package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// ownCertificate shows the client's certificate to the API's origin only: what
// goes elsewhere has connections of its own.
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

// always gives the certificate to a server whatever authorities it names, so that
// one that wants another says so: left out, it would be missed only.
func always(certificate *tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if certificate == nil {
		return nil
	}
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
}

// certificateAlerts are those that speak of the client's certificate (RFC 8446,
// section 6.2): bad, unsupported, revoked, expired and unknown certificate,
// unknown authority, access denied, certificate required.
var certificateAlerts = []tls.AlertError{42, 43, 44, 45, 46, 48, 49, 116}

// IsCertificateRefusal tells whether a server ended a connection for the
// certificate that it was shown, or for want of one.
func IsCertificateRefusal(err error) bool {
	var alert *net.OpError
	if !errors.As(err, &alert) || alert.Op != "remote error" {
		return false
	}
	// The type of an alert over TCP is not exported; its text is that of the
	// one that is.
	return slices.ContainsFunc(certificateAlerts, func(a tls.AlertError) bool { return a.Error() == alert.Err.Error() })
}
