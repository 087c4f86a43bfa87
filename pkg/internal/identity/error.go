package identity

import "errors"

// Kind groups errors by what a user can do about them.
type Kind int

// The kinds of errors.
const (
	NoJob         Kind = iota // this is not a job of a known CI
	NotAllowed                // the job gets no identity token
	Unusable                  // the token's times, audience or form are wrong
	Denied                    // a server does not accept the job's token
	Unreachable               // a server did not answer, or failed
	Untrusted                 // a server is not what it should be
	Misconfigured             // an address cannot be used
)

// Error reports why there is no token.
type Error struct {
	Doing  string // as "getting the job's identity token from GitHub Actions"
	Vendor string // the CI, if the error is about it
	Kind   Kind
	Err    error
}

func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// The reasons that have hints of their own.
var (
	ErrNoJob        = errors.New("this is not a CI job with an identity")
	ErrFork         = errors.New("this pull request comes from a fork, whose jobs get no identity token")
	ErrNoPermission = errors.New("this job may not request one: its workflow does not grant id-token: write")
	ErrUnset        = errors.New("is not set")
	ErrClock        = errors.New("the token is not valid at this time")
	ErrAudience     = errors.New("the token is for another audience")
)
