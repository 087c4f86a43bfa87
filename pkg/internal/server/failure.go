package server

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// failure is an error answer. The client sees status, code and message; the log
// has the cause.
type failure struct {
	status  int
	code    string
	message string
	cause   error
}

func (f *failure) Error() string { return f.message }
func (f *failure) Unwrap() error { return f.cause }

func refuse(status int, code, message string) *failure {
	return &failure{status: status, code: code, message: message}
}

func badRequest(message string) *failure {
	return refuse(http.StatusBadRequest, "bad_request", message)
}

// because adds a cause for the log.
func (f *failure) because(cause error) *failure {
	f.cause = cause
	return f
}

// unsent returns an error of copying from the store to the client as one of the client's
// connection, unless it is the store's.
func unsent(err error) error {
	var connection *net.OpError // which also wraps the errors of what is sent
	var file *fs.PathError
	if !errors.As(err, &connection) || errors.As(err, &file) || errors.Is(err, store.ErrUnavailable) {
		return err
	}
	return badRequest("The answer could not be sent.").because(err)
}

// sentence turns an error into a message. It may contain any text, since JSON
// escapes it.
func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") + "." }

// asFailure turns an error of the store, or any other, into an answer. An
// unexpected error goes only to the log, since it may contain paths.
func asFailure(err error) *failure {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, store.ErrNotFound):
		return refuse(http.StatusNotFound, "not_found", "The cache holds no such artifact.")
	case errors.Is(err, store.ErrCorrupt):
		// The client must build it again; the log has the cause.
		return refuse(http.StatusNotFound, "not_found", "The artifact that the cache holds is damaged.").because(err)
	case errors.Is(err, store.ErrInvalid):
		return badRequest(sentence(err))
	case errors.Is(err, store.ErrReadOnly):
		// With any other code turbo retries each artifact.
		return refuse(http.StatusForbidden, "forbidden", "This cache is read-only.")
	case errors.Is(err, store.ErrExists):
		return refuse(http.StatusConflict, "conflict", "The cache already has a different artifact under this id, and does not replace it.")
	case errors.Is(err, store.ErrUnavailable):
		return refuse(http.StatusServiceUnavailable, "service_unavailable", "The cache's storage is not available.").because(err)
	case errors.Is(err, store.ErrNoSize):
		return refuse(http.StatusLengthRequired, "length_required", "This cache needs the Content-Length of so large an upload.")
	case errors.Is(err, store.ErrTooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "payload_too_large", "The artifact is larger than this cache can store.")
	case errors.Is(err, store.ErrFull):
		return refuse(http.StatusInsufficientStorage, "insufficient_storage", "The cache has no room for the artifact now.").because(err)
	}
	return refuse(http.StatusInternalServerError, "internal_server_error", "The server failed; its log says why.").because(err)
}
