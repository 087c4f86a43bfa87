package server

import (
	"errors"
	"net/http"
)

// failure is an answer that refuses a request. The client sees status, code and
// message, the log the cause.
type failure struct {
	status  int
	code    string
	message string
	cause   error
}

// Error implements error.
func (f *failure) Error() string { return f.message }

// Unwrap gives the cause.
func (f *failure) Unwrap() error { return f.cause }

func refuse(status int, code, message string) *failure {
	return &failure{status: status, code: code, message: message}
}

func badRequest(message string) *failure {
	return refuse(http.StatusBadRequest, "bad_request", message)
}

// because adds what only the log says.
func (f *failure) because(cause error) *failure {
	f.cause = cause
	return f
}

// asFailure turns any error into an answer. What a fault says may name paths of
// this machine, and is for the log.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	return refuse(http.StatusInternalServerError, "internal_server_error", "The server failed; its log says why.").because(err)
}
