package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// The reasons for which an answer is no success, beside its status.
var (
	// ErrNotRemoteCache says that whatever answered is no Remote Cache:
	// mostly the base URL is a website's.
	ErrNotRemoteCache = errors.New("the answer is not a Remote Cache's")
	// ErrAnsweredEarly says that the server reported success without having
	// been sent all of the body.
	ErrAnsweredEarly = errors.New("the server reported success before it was sent the whole body")
	// ErrRedirect says that the server named another place where an upload
	// must not follow.
	ErrRedirect = errors.New("the redirect is not followed")
	// ErrTooManyRedirects says that a server sent the upload from place to
	// place.
	ErrTooManyRedirects = errors.New("too many redirects")
)

// errStatus says that an answer's status is reason enough.
var errStatus = errors.New("error status")

// Error is a request that did not succeed. What comes from the server is cut
// to one printable line.
type Error struct {
	// ID is the artifact that was meant.
	ID artifact.ID
	// Method and URL are the last request's. Of the query only the team's
	// values are kept.
	Method, URL string
	// Status is the answer's code, or 0 where there was none.
	Status int
	// Code is the server's own name for the error, where it gave one.
	Code string
	// Message is the server's own explanation, of at most 300 characters.
	Message string
	// RequestID is the server's name for the request, where it gave one.
	RequestID string
	// Location is the origin that a redirect named.
	Location string
	// Err is the reason where the status alone is none: an error of the
	// network, of the input, or one of this package.
	Err error
}

// Error tells the operation, the artifact and the reason.
func (e *Error) Error() string { return fmt.Sprintf("uploading %s: %s", e.ID, e.Reason()) }

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

// failure is an error that no answer stands behind.
func failure(id artifact.ID, target *url.URL, err error) *Error {
	return &Error{ID: id, Method: http.MethodPut, URL: transport.Redact(target), Err: err}
}
