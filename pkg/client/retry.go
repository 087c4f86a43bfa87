package client

import (
	"context"
	"errors"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
	"github.com/artifact-cli/artifact/pkg/internal/retry"
)

// DefaultRetries is the usual number of further tries of a request.
const DefaultRetries = 4

// ErrRetryAfter reports a server that asked for a pause of more than two minutes.
var ErrRetryAfter = errors.New("the server asks to come back later")

// Retry is a further try of a request, before its pause.
type Retry struct {
	// Err is why.
	Err *Error
	// Attempt is the number of the try that failed, the first being 1.
	Attempt int
	// Pause is the time until the next try.
	Pause time.Duration
}

// mayPass reports whether another try may succeed. A PUT is made again even if its
// answer was lost, since it means the same twice.
func (e *Error) mayPass() bool {
	if e.Status != 0 && e.Err == nil {
		return retry.StatusMayPass(e.Status)
	}
	if e.Status != 0 {
		return errors.Is(e.Err, reply.ErrBroken)
	}
	var proxy *ProxyError
	if errors.As(e.Err, &proxy) {
		return retry.StatusMayPass(proxy.Status)
	}
	var broken *fault.Error
	for _, lasting := range []error{
		artifact.ErrChanged, ErrPlainHTTP, ErrProxyAddress, ErrTooManyRedirects, context.Canceled, ErrTimeout,
		ErrNoToken, ErrNotRemoteCache, ErrCertificateRefused, ErrCertificateWanted, ErrOldTLS,
	} {
		if errors.Is(e.Err, lasting) {
			return false
		}
	}
	return !errors.As(e.Err, &broken) && retry.ErrorMayPass(e.Err)
}
