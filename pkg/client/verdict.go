package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/internal/api"
)

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
