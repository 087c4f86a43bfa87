package client

import (
	"context"
	"errors"
	"net/http"
)

// TokenSource gives tokens that end while a client is in use. Its methods may
// be called from any goroutine.
type TokenSource interface {
	// Token is the token to send now, or empty for none. It should be quick
	// where nothing has changed, since it is called for every try. An error
	// ends the call that it is for, with [ErrNoToken].
	Token(ctx context.Context) (string, error)
	// Refused says that the server answered 401 to a token. It tells whether
	// Token may give another one now: then the request is made once more.
	Refused(token string) bool
}

// ErrNoToken says that a [TokenSource] gave no token. Nothing was sent.
var ErrNoToken = errors.New("getting a token")

// fixedToken is the same one all the time.
type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }

func (t fixedToken) Refused(string) bool { return false }

// refuses tells whether the API itself does not take the token. What another
// place says, to which it was not sent, tells nothing of it.
func (e *Error) refuses() bool {
	return e != nil && e.Status == http.StatusUnauthorized && !e.redirected && !errors.Is(e.Err, ErrTokenWithheld)
}
