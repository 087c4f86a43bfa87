package identity

import "errors"

// Kind is what is wrong with an [Error], as far as it matters for what to do.
type Kind int

// The kinds.
const (
	// NoJob says that this is no job of a CI that is known.
	NoJob Kind = iota
	// NotAllowed says that the job gets no identity token.
	NotAllowed
	// Unusable says that the token is not good: its times, its audience, or
	// its form.
	Unusable
	// Denied says that a server does not take the job's token.
	Denied
	// Unreachable says that a server did not answer, or failed.
	Unreachable
	// Untrusted says that a server is not what it should be.
	Untrusted
	// Misconfigured says that an address cannot be used.
	Misconfigured
)

// Error is a token that could not be got.
type Error struct {
	// Doing says what for, as "getting the job's identity token from GitHub
	// Actions".
	Doing string
	// Vendor names the CI, where it is about that.
	Vendor string
	Kind   Kind
	Err    error
}

// Error tells the operation and the reason.
func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

// The reasons for which there is no token, which each have a way out of their own.
var (
	// ErrNoJob says that no CI is known whose identity this could be.
	ErrNoJob = errors.New("this is no CI job with an identity")
	// ErrFork says that the job is for a pull request from a fork.
	ErrFork = errors.New("this pull request comes from a fork, whose jobs get no identity token")
	// ErrNoPermission says that GitHub gives the job no token.
	ErrNoPermission = errors.New("this job may not ask for one: its workflow grants no id-token: write")
	// ErrUnset says that the variable with the token is not set.
	ErrUnset = errors.New("is not set")
	// ErrClock says that the token is not valid now.
	ErrClock = errors.New("the token is not valid at this time")
	// ErrAudience says that the token is for somebody else.
	ErrAudience = errors.New("the token is for another audience")
)
