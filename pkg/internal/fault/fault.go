// Package fault carries a panic out of the goroutine in which it happens, where
// it would end the whole program: with a stack in which secrets are shown, and
// with files left behind. Start at [Catch].
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

// Raise panics with the [*Error] in err, if there is one: for the goroutine that
// waits for the one that panicked.
func Raise(err error) {
	if fault := (*Error)(nil); errors.As(err, &fault) {
		panic(fault)
	}
}

// Abandon runs f on a goroutine of its own, and leaves it behind when ctx ends: a
// read from a pipe cannot be interrupted. Then it returns ctx's error at once, and
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
