package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// ErrOldTLS reports a server that supports only TLS 1.1 or older.
var ErrOldTLS = errors.New("the server supports only TLS versions older than 1.2, which are no longer secure")

// explainedError is an error of crypto/tls or net/http in clearer words.
type explainedError struct {
	text string
	err  error
}

func (e *explainedError) Error() string { return e.text }
func (e *explainedError) Unwrap() error { return e.err }

// tlsReason explains an error of TLS, and returns any other unchanged.
func (c *Client) tlsReason(err error) error {
	var host x509.HostnameError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert *net.OpError
	switch {
	case transport.IsCertificateRefusal(err) && c.certified:
		return fmt.Errorf("%w: %w", ErrCertificateRefused, err)
	case transport.IsCertificateRefusal(err):
		return fmt.Errorf("%w: %w", ErrCertificateWanted, err)
	case errors.As(err, &host):
		return &explainedError{wrongHost(host), err}
	case errors.As(err, &certificate):
		return &explainedError{"the server's certificate is not accepted: " + strings.TrimPrefix(certificate.Err.Error(), "x509: "), err}
	case errors.As(err, &record):
		return &explainedError{"the server does not speak TLS: " + strings.TrimPrefix(record.Msg, "tls: "), err}
	case isOldTLS(err):
		return fmt.Errorf("%w: %w", ErrOldTLS, err)
	case errors.As(err, &alert) && alert.Op == "remote error":
		return &explainedError{"the server ended the TLS handshake: " + strings.TrimPrefix(alert.Err.Error(), "tls: "), err}
	}
	return err
}

// isOldTLS reports whether err is the alert protocol_version (RFC 8446, section
// 6.2), or crypto/tls's error for a server that sends no alert. Neither has a
// type, so it compares their texts.
func isOldTLS(err error) bool {
	text := err.Error()
	return strings.Contains(text, tls.AlertError(70).Error()) || strings.Contains(text, "tls: server selected unsupported protocol version")
}

// maxNames limits how many characters of a certificate's names are shown.
const maxNames = 100

// wrongHost describes whose certificate it is.
func wrongHost(e x509.HostnameError) string {
	var names []string
	for _, ip := range e.Certificate.IPAddresses {
		names = append(names, ip.String())
	}
	names = append(names, e.Certificate.DNSNames...)
	if len(names) == 0 {
		return "the server's certificate has no Subject Alternative Name; a Common Name alone is no longer accepted"
	}
	return fmt.Sprintf("the server's certificate is for %s, not for %s", printable.Line(strings.Join(names, ", "), maxNames), e.Host)
}
