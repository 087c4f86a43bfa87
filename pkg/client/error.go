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
)

// The reasons for which an answer is no success, beside its status.
var (
	// ErrNotRemoteCache says that whatever answered is no Remote Cache:
	// mostly the base URL is a website's.
	ErrNotRemoteCache = errors.New("the answer is not a Remote Cache's")
	// ErrReported says that an answer's status is that of a success, and its body
	// an error.
	ErrReported = errors.New("the answer reports an error in spite of its status")
	// ErrAnsweredEarly says that the server reported success without having
	// been sent all of the body.
	ErrAnsweredEarly = errors.New("the server reported success before it was sent the whole body")
	// ErrRedirect says that the server named another place, where the request
	// must not follow.
	ErrRedirect = errors.New("the redirect is not followed")
	// ErrNotFound is what an [*Error] about one artifact is where the server
	// answered a question for it with 404.
	ErrNotFound = errors.New("the cache does not have it")
	// ErrEncoded says that the server sent an artifact in a content coding,
	// such as gzip, though it was asked for the bytes as they are.
	ErrEncoded = errors.New("the server changed the bytes by a content coding that was not asked for")
	// ErrTooManyRedirects says that a server sent the request from place to
	// place.
	ErrTooManyRedirects = errors.New("too many redirects")
)

// Error is a request that did not succeed. What comes from the server is cut
// to one printable line.
type Error struct {
	// Doing says what was asked for, as "uploading".
	Doing string
	// ID is the artifact that was meant, where that is one.
	ID artifact.ID
	// Name is what the caller calls it, where that is not its ID.
	Name string
	// Method and URL are the last request's. Of the query only the team's
	// values are kept.
	Method, URL string
	// Attempts counts the tries.
	Attempts int
	// Status is the last answer's code, or 0 where there was none.
	Status int
	// Code is the server's own name for the error, where it gave one.
	Code string
	// Message is the server's own explanation, of at most 300 characters.
	Message string
	// RequestID is the server's name for the request, where it gave one.
	RequestID string
	// By is who answered.
	By Responder
	// Location is the base URL of another cache, where a redirect leads to one.
	Location string
	// RetryAfter is set with [ErrRetryAfter].
	RetryAfter time.Duration
	// Err is the reason where the status alone is none: an error of the
	// network, of the input, or one of this package.
	Err error

	retryAfter string // as the server gave it
	redirected bool   // the answer came from another place
}

// Error names the operation, the artifact and the reason.
func (e *Error) Error() string {
	name := cmp.Or(e.Name, string(e.ID))
	if name == "" {
		return fmt.Sprintf("%s: %s", e.Doing, e.Reason())
	}
	return fmt.Sprintf("%s %s: %s", e.Doing, name, e.Reason())
}

// Reason is the error without operation and artifact.
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

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// Is tells whether the error is [ErrNotFound]. An upload that got a 404 found
// no cache.
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && e.ID != "" && e.Status == http.StatusNotFound &&
		(e.Method == http.MethodGet || e.Method == http.MethodHead)
}

// ConcernsAll tells whether every other request would be refused for the same
// reason: the credential, a payment, a cache that is closed, or a way to it that is.
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
	return e.IsCacheClosed() || errors.As(e.Err, &proxy) && !e.mayPass()
}

// IsCacheClosed tells whether the cache itself, and not the caller, is the
// reason of a refusal: it is disabled, paused or over its limit.
func (e *Error) IsCacheClosed() bool {
	return e.Status == http.StatusForbidden && strings.HasPrefix(e.Code, api.CodeCachePrefix)
}

// NetworkCause names the reason for which there was no whole answer, in the
// same words for each request that it met. It is empty where there was one, or
// where the reason is not the network's.
func (e *Error) NetworkCause() string {
	var number syscall.Errno
	var unresolved *net.DNSError
	var timeout net.Error
	switch {
	case e.Err == nil || !e.mayPass():
		return ""
	case errors.Is(e.Err, ErrStalled), errors.Is(e.Err, ErrNoAnswer):
		return "it does not get on"
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
