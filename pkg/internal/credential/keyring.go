package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// service is the name of all entries in a keyring; their user names are origins.
const service = "artifact"

const (
	// KeyringWait is how long to wait for a keyring.
	KeyringWait = 3 * time.Second
	// UnlockWait is how long to wait if a person can unlock it.
	UnlockWait = 60 * time.Second
)

// The reasons of a [KeyringError].
var (
	errKeyringWait = errors.New("it does not answer")
	errNoKeyring   = errors.New("there is none")
)

// KeyringError reports a keyring of the operating system that cannot be used.
type KeyringError struct{ Err error }

func (e *KeyringError) Error() string {
	return fmt.Sprintf("the keyring of the operating system: %v", e.Err)
}

func (e *KeyringError) Unwrap() error { return e.Err }

// boundedKeyring abandons calls that take too long. The result of an abandoned
// call is ignored.
type boundedKeyring struct {
	get    func(service, user string) (secret string, err error)
	set    func(service, user, secret string) error
	remove func(service, user string) error
	// present returns why there is no keyring, if that is known without a call.
	present func() error
}

func (k boundedKeyring) Get(ctx context.Context, origin Origin, wait time.Duration) (Secret, error) {
	secret := make(chan string, 1)
	err := k.call(ctx, wait, func() error {
		value, err := k.get(service, string(origin))
		secret <- value
		return unlessAbsent(err)
	})
	if err != nil {
		return Secret{}, err
	}
	return NewSecret(<-secret), nil
}

func (k boundedKeyring) Set(ctx context.Context, origin Origin, secret Secret, wait time.Duration) error {
	return k.call(ctx, wait, func() error { return k.set(service, string(origin), secret.Reveal()) })
}

// Remove removes an entry, if there is one.
func (k boundedKeyring) Remove(ctx context.Context, origin Origin, wait time.Duration) error {
	return k.call(ctx, wait, func() error { return unlessAbsent(k.remove(service, string(origin))) })
}

func unlessAbsent(err error) error {
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return err
}

// call runs f for at most wait. The error is a [*KeyringError], or ctx's.
func (k boundedKeyring) call(ctx context.Context, wait time.Duration, f func() error) error {
	if err := k.present(); err != nil {
		return &KeyringError{err}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, errKeyringWait)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := fault.Catch(f)
		if errors.As(err, new(*fault.Error)) { // the library panics if a service answers in another form
			err = errors.New("its answer is not valid")
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		if errors.Is(err, keyring.ErrUnsupportedPlatform) {
			err = errNoKeyring
		}
		return &KeyringError{err}
	case <-ctx.Done():
		if cause := context.Cause(ctx); errors.Is(cause, errKeyringWait) {
			return &KeyringError{fmt.Errorf("%w within %v", errKeyringWait, wait)}
		}
		return ctx.Err()
	}
}
