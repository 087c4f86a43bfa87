// Package fault turns panics into errors. A panic in any goroutine would
// otherwise end the program, with secrets in its stack trace and with temporary
// files left behind. Start at [Catch].
package fault

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Error is a panic.
type Error struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

func (e *Error) Error() string { return fmt.Sprintf("a bug in this program: %v", e.Value) }

// Catch runs f and returns its error; a panic becomes an [*Error].
func Catch(f func() error) (err error) {
	defer func() {
		switch value := recover().(type) {
		case nil:
		case *Error: // that was raised again
			err = value
		default:
			err = &Error{value, debug.Stack()}
		}
	}()
	return f()
}

// Raise panics with the [*Error] in err, if there is one, to pass on the panic of
// another goroutine.
func Raise(err error) {
	if fault := (*Error)(nil); errors.As(err, &fault) {
		panic(fault)
	}
}

// Abandon runs f in a goroutine of its own, such as a read from a pipe, which
// cannot be interrupted. When ctx ends, it returns ctx's error at once, and
// discards what f returns later.
func Abandon[T any](ctx context.Context, f func() (T, error), discard func(T)) (value T, err error) {
	finished := make(chan error, 1)
	var result T
	go func() {
		finished <- Catch(func() (err error) {
			result, err = f()
			return err
		})
	}()
	select {
	case err := <-finished:
		return result, err
	case <-ctx.Done():
		go func() {
			<-finished //nolint:errcheck // nobody waits for it any more
			discard(result)
		}()
		return value, ctx.Err()
	}
}
