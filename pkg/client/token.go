package client

import (
	"context"
	"errors"
	"net/http"
)

// TokenSource provides tokens that end while a client is in use. Its methods may
// be called from any goroutine.
type TokenSource interface {
	// Token returns the token to send now; empty sends none. It is called for every
	// try, so it should be quick. An error ends the call with [ErrNoToken].
	Token(ctx context.Context) (string, error)
	// Refused is called when the server answered 401 to a token. It reports whether
	// Token may return another: then the request is made once more.
	Refused(token string) bool
}

// ErrNoToken reports that a [TokenSource] returned no token. Nothing was sent.
var ErrNoToken = errors.New("getting a token")

// fixedToken never changes.
type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }

func (t fixedToken) Refused(string) bool { return false }

// refuses reports whether the API itself refused the token: another place was not
// sent it.
func (e *Error) refuses() bool {
	return e != nil && e.Status == http.StatusUnauthorized && !e.redirected && !errors.Is(e.Err, ErrTokenWithheld)
}
