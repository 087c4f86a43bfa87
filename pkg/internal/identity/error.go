package identity

import "errors"

// Kind groups errors by what a user can do about them.
type Kind int

const (
	// NoJob: this is not a job of a known CI.
	NoJob Kind = iota
	// NotAllowed: the job gets no identity token.
	NotAllowed
	// Unusable: the token's times, audience or form are wrong.
	Unusable
	// Denied: a server does not accept the job's token.
	Denied
	// Unreachable: a server did not answer, or failed.
	Unreachable
	// Untrusted: a server is not what it should be.
	Untrusted
	// Misconfigured: an address cannot be used.
	Misconfigured
)

// Error reports why there is no token.
type Error struct {
	Doing  string // as "getting the job's identity token from GitHub Actions"
	Vendor string // the CI, if the error is about it
	Kind   Kind
	Err    error
}

func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// The reasons that have hints of their own.
var (
	ErrNoJob        = errors.New("this is no CI job with an identity")
	ErrFork         = errors.New("this pull request comes from a fork, whose jobs get no identity token")
	ErrNoPermission = errors.New("this job may not ask for one: its workflow grants no id-token: write")
	ErrUnset        = errors.New("is not set")
	ErrClock        = errors.New("the token is not valid at this time")
	ErrAudience     = errors.New("the token is for another audience")
)
