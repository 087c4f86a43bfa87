package client

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
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
