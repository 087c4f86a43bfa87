package transfer

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/artifact-cli/artifact/pkg/client"
)

// maxLost is how many inputs in a row may be lost to one cause in the network.
const maxLost = 10

// The reasons to end a run before its list ends.
var (
	ErrRefusesAll = errors.New("the server refuses all of them")
	ErrLost       = fmt.Errorf("%d in a row failed for the same reason", maxLost)
	ErrFailedFast = errors.New("another one failed")
)

// NotTriedError says that an input was not tried, since the run had ended.
type NotTriedError struct {
	Name  string // its path, or its id if it has none
	Meant string // what was to be done, as "sent"
	Err   error  // why the run had ended
}

func (e *NotTriedError) Error() string {
	return fmt.Sprintf("%s was not %s: %v", e.Name, e.Meant, e.Err)
}

// Unwrap returns the reason.
func (e *NotTriedError) Unwrap() error { return e.Err }

// endedError is the reason to end a run, with the failure that made it one.
type endedError struct{ reason, failure error }

func (e *endedError) Error() string   { return e.reason.Error() }
func (e *endedError) Unwrap() []error { return []error{e.reason, e.failure} }

// ending decides when a run ends early.
type ending struct {
	failFast bool

	mu     sync.Mutex
	reason error
	cause  string // of those that were lost
	lost   int    // in a row
}

// reasonToStop returns why nothing further is started, or nil.
func (e *ending) reasonToStop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reason
}

// notTried returns the error of an input that is not tried any more, or nil. meant
// is what was to be done.
func (e *ending) notTried(input Input, meant string) error {
	reason := e.reasonToStop()
	if reason == nil {
		return nil
	}
	return &NotTriedError{Name: cmp.Or(input.Path, string(input.ID)), Meant: meant, Err: reason}
}

// observe takes the outcome of one input into account; err is nil for a success.
func (e *ending) observe(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reason != nil {
		return
	}
	if err == nil {
		e.count(nil)
		return
	}
	var failed *client.Error
	if errors.As(err, &failed) || errors.As(err, new(*Mismatch)) {
		e.count(failed)
	}
	switch {
	case endsRun(err):
		e.reason = &endedError{ErrRefusesAll, err}
	case e.lost >= maxLost:
		e.reason = &endedError{ErrLost, err}
	case e.failFast:
		e.reason = &endedError{ErrFailedFast, err}
	}
}

// failed takes a failure into account that says nothing about the cache.
func (e *ending) failed(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reason == nil && e.failFast {
		e.reason = &endedError{ErrFailedFast, err}
	}
}

func (e *ending) count(failed *client.Error) {
	cause := ""
	if failed != nil {
		cause = failed.NetworkCause()
	}
	if cause != e.cause {
		e.cause, e.lost = cause, 0
	}
	if cause != "" {
		e.lost++
	}
}
