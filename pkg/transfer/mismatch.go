package transfer

import (
	"errors"
	"fmt"
)

// The reasons for which an artifact is not what it should be. Errors wrap one
// of them in a [*Mismatch].
var (
	// ErrDiffers says that the cache holds other bytes.
	ErrDiffers = errors.New("the cache holds different bytes")
	// ErrWrongDigest is an [ErrDiffers] that only the digest shows.
	ErrWrongDigest = fmt.Errorf("%w: their digest differs", ErrDiffers)
	// ErrUnsigned says that there is a key and no signature.
	ErrUnsigned = errors.New("it is not signed")
	// ErrSignatureLost is an [ErrUnsigned] of an artifact that was just uploaded
	// with a signature.
	ErrSignatureLost = fmt.Errorf("%w: this server does not keep signatures", ErrUnsigned)
	// ErrBadSignature says that the signature is not of these bytes under this
	// id, team and key, in either scheme.
	ErrBadSignature = errors.New("its signature is for another key, team, id or content")
	// ErrEmptySignature says that the signature is turbo's own mistake.
	ErrEmptySignature = errors.New("its signature covers the length but not the bytes, as turbo 2.10.13 to 2.11.4 made it for artifacts over 8 MiB")
	// ErrOldSignature says that the signature is good, and of a scheme that is
	// not accepted.
	ErrOldSignature = errors.New("its signature uses turbo's first scheme, v1, but v2 is required")
	// ErrUnproven says that the artifact may have been cut short.
	ErrUnproven = errors.New("it may be incomplete: the server sent no length, and neither a digest nor a signature covers the bytes")
	// ErrUnverifiable says that the artifact is there, and that there is
	// nothing to hold it against.
	ErrUnverifiable = errors.New("there is nothing to check it against: no file, no key, and the id is not a digest")
	// ErrUnsteady says that the cache gave different bytes for one id.
	ErrUnsteady = errors.New("the cache returned different bytes the second time")
	// ErrNotKept says that the server reported an upload as stored and does
	// not have it.
	ErrNotKept = errors.New("the server reported it as stored, but does not have it")
)

// Mismatch is an artifact that is in the cache and is not what it should be.
type Mismatch struct {
	// Name is what the user knows it by: a path, or the id.
	Name string
	Err  error
}

func (e *Mismatch) Error() string { return fmt.Sprintf("verifying %s: %v", e.Name, e.Err) }

// Unwrap returns the reason.
func (e *Mismatch) Unwrap() error { return e.Err }

func differs(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDiffers}, args...)...)
}
