package transfer

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/artifact-cli/artifact/pkg/client"
)

// maxLost is how many inputs in a row may fail for one cause in the network.
const maxLost = 10

// The reasons to stop before the end of a list.
var (
	ErrRefusesAll = errors.New("the server refuses all of them")
	ErrLost       = fmt.Errorf("%d in a row failed for the same reason", maxLost)
	ErrFailedFast = errors.New("another one failed")
)

// NotTriedError reports that an input was not tried because the run had stopped.
type NotTriedError struct {
	Name   string // its path, or its id if it has none
	Action string // such as "sent"
	Err    error  // why the run had stopped
}

func (e *NotTriedError) Error() string {
	return fmt.Sprintf("%s was not %s: %v", e.Name, e.Action, e.Err)
}

// Unwrap returns the reason.
func (e *NotTriedError) Unwrap() error { return e.Err }

// endedError is the reason to stop a run, and the failure that caused it.
type endedError struct{ reason, failure error }

func (e *endedError) Error() string   { return e.reason.Error() }
func (e *endedError) Unwrap() []error { return []error{e.reason, e.failure} }

// ending decides when a run stops early.
type ending struct {
	failFast bool

	mu     sync.Mutex
	reason error
	cause  string // of the last failures
	lost   int    // in a row
}

// reasonToStop returns why the run has stopped, or nil.
func (e *ending) reasonToStop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reason
}

// notTried returns the error of an input if the run has stopped, or nil.
func (e *ending) notTried(input Input, action string) error {
	reason := e.reasonToStop()
	if reason == nil {
		return nil
	}
	return &NotTriedError{Name: cmp.Or(input.Path, string(input.ID)), Action: action, Err: reason}
}

// observe counts the outcome of one input; err is nil for a success.
func (e *ending) observe(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	failed, isOfClient := errors.AsType[*client.Error](err)
	if err == nil || isOfClient || errors.As(err, new(*Mismatch)) { // others have nothing to do with the cache
		cause := ""
		if isOfClient {
			cause = failed.NetworkCause()
		}
		if cause != e.cause {
			e.cause, e.lost = cause, 0
		}
		if cause != "" {
			e.lost++
		}
	}
	switch {
	case endsRun(err):
		e.end(ErrRefusesAll, err)
	case e.lost >= maxLost:
		e.end(ErrLost, err)
	case e.failFast && err != nil:
		e.end(ErrFailedFast, err)
	}
}

// failed counts a failure that has nothing to do with the cache.
func (e *ending) failed(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failFast {
		e.end(ErrFailedFast, err)
	}
}

func (e *ending) end(reason, failure error) {
	if e.reason == nil {
		e.reason = &endedError{reason, failure}
	}
}
