package client

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// The reasons, besides its status, why an answer is not a success.
var (
	// ErrNotRemoteCache reports an answer that does not come from a Remote Cache,
	// most often because the base URL belongs to a website.
	ErrNotRemoteCache = errors.New("the answer does not come from a Remote Cache")
	// ErrReported reports a successful status with an error in the body.
	ErrReported = errors.New("the answer reports an error despite its status")
	// ErrAnsweredEarly reports a success before the whole body was sent.
	ErrAnsweredEarly = errors.New("the server reported success before it had received the whole body")
	// ErrRedirect reports a redirect that must not be followed.
	ErrRedirect = errors.New("the redirect is not followed")
	// ErrNotFound matches an [*Error] if a GET or HEAD of an artifact was
	// answered with 404.
	ErrNotFound = errors.New("the cache does not have it")
	// ErrEncoded reports an artifact in a content coding, such as gzip, that was
	// not requested.
	ErrEncoded = errors.New("the server applied a content coding that was not requested")
	// ErrTooManyRedirects reports more than five redirects in a row.
	ErrTooManyRedirects = errors.New("too many redirects")
)

// Error is a failed request. The server's texts are single printable lines.
type Error struct {
	Doing       string      // as "uploading"
	ID          artifact.ID // of the artifact, if it is about one
	Name        string      // what the caller calls the artifact, if not ID
	Method, URL string      // of the last request; of the query only the team
	Attempts    int
	Status      int           // of the last answer; 0 without one
	Code        string        // the server's; may be empty
	Message     string        // the server's, at most 300 characters
	RequestID   string        // the server's; may be empty
	By          Responder     // who answered
	Location    string        // base URL of another cache that a redirect leads to
	RetryAfter  time.Duration // set with [ErrRetryAfter]
	// Err is the reason, unless the status says enough: an error of the network,
	// the input, or this package.
	Err error

	retryAfter string // as the server gave it
	redirected bool   // the answer came from another origin
}

// Error names the operation, the artifact and the reason.
func (e *Error) Error() string {
	name := cmp.Or(e.Name, string(e.ID))
	if name == "" {
		return fmt.Sprintf("%s: %s", e.Doing, e.Reason())
	}
	return fmt.Sprintf("%s %s: %s", e.Doing, name, e.Reason())
}

// Reason returns the error without operation and artifact.
func (e *Error) Reason() string {
	if e.Status == 0 {
		return e.Err.Error()
	}
	reason := fmt.Sprintf("the server answered %d", e.Status)
	if text := http.StatusText(e.Status); text != "" {
		reason += " " + text
	}
	if e.Message != "" {
		reason += ": " + e.Message
	}
	if e.Err != nil {
		reason += ": " + e.Err.Error()
	}
	return reason
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether the error is [ErrNotFound]. For an upload, 404 means that
// there is no cache.
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && e.ID != "" && e.Status == http.StatusNotFound &&
		(e.Method == http.MethodGet || e.Method == http.MethodHead)
}

// ConcernsAll reports whether every other request would fail too, because of the
// credential, a payment, the state of the cache, or the path to it.
func (e *Error) ConcernsAll() bool {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusProxyAuthRequired:
		return true
	}
	for _, lasting := range []error{ErrNoPreflight, ErrCertificateRefused, ErrCertificateWanted, ErrOldTLS, ErrProxyAddress} {
		if errors.Is(e.Err, lasting) {
			return true
		}
	}
	var proxy *ProxyError
	return e.IsCacheClosed() || errors.As(e.Err, &proxy) && !e.isTransient()
}

// IsCacheClosed reports whether the cache is disabled, paused or over its limit.
func (e *Error) IsCacheClosed() bool {
	return e.Status == http.StatusForbidden && strings.HasPrefix(e.Code, api.CodeCachePrefix)
}

// NetworkCause returns why the network failed, in the same words for each
// request, or an empty string if it did not.
func (e *Error) NetworkCause() string {
	var number syscall.Errno
	var unresolved *net.DNSError
	var timeout net.Error
	switch {
	case e.Err == nil || !e.isTransient():
		return ""
	case errors.Is(e.Err, ErrStalled), errors.Is(e.Err, ErrNoAnswer):
		return "it makes no progress"
	case errors.As(e.Err, &number):
		return number.Error()
	case errors.As(e.Err, &unresolved):
		return unresolved.Err
	case errors.As(e.Err, &timeout) && timeout.Timeout():
		return "it takes too long"
	}
	innermost := e.Err
	for next := errors.Unwrap(innermost); next != nil; next = errors.Unwrap(innermost) {
		innermost = next
	}
	return fmt.Sprintf("%T %v", innermost, innermost)
}

// ProxyError is wrapped by an [Error] if a proxy refused to connect to the
// server.
type ProxyError struct {
	Proxy string // host and port
	// Status is the answer's code. For SOCKS, which has none, it is 407 when the
	// proxy wants another user name or password.
	Status int
	Reason string // a SOCKS proxy's
}

func (e *ProxyError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the error of the connection.
func (e *ProxyError) Unwrap() error { return (*transport.ProxyError)(e) }
