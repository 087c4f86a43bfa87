package transfer

import (
	"errors"
	"fmt"
)

// The reasons of a [*Mismatch].
var (
	// ErrDiffers reports that the cache holds different bytes.
	ErrDiffers = errors.New("the cache holds different bytes")
	// ErrWrongDigest is an [ErrDiffers] found by the digest.
	ErrWrongDigest = fmt.Errorf("%w: their digest differs", ErrDiffers)
	// ErrUnsigned reports that the artifact has no signature, but there is a key.
	ErrUnsigned = errors.New("it is not signed")
	// ErrSignatureLost is an [ErrUnsigned] of an artifact that was just uploaded
	// with a signature.
	ErrSignatureLost = fmt.Errorf("%w: this server does not keep signatures", ErrUnsigned)
	// ErrBadSignature reports a signature that is not valid for these bytes, id,
	// team and key in either scheme.
	ErrBadSignature = errors.New("its signature is for another key, team, id or content")
	// ErrEmptySignature reports a signature that a bug in turbo caused.
	ErrEmptySignature = errors.New("its signature covers the length but not the bytes, as turbo 2.10.13 to 2.11.4 made it for artifacts over 8 MiB")
	// ErrOldSignature reports a valid signature of a scheme that is not accepted.
	ErrOldSignature = errors.New("its signature uses turbo's first scheme, v1, but v2 is required")
	// ErrUnproven reports that the artifact may be truncated.
	ErrUnproven = errors.New("it may be incomplete: the server sent no length, and neither a digest nor a signature covers the bytes")
	// ErrUnverifiable reports that the artifact exists, but there is nothing to
	// check it against.
	ErrUnverifiable = errors.New("there is nothing to check it against: no file, no signature key, and the id is not a digest")
	// ErrUnsteady reports that the cache returned different bytes for one id.
	ErrUnsteady = errors.New("the cache returned different bytes the second time")
	// ErrNotKept reports that the server accepted an upload but does not have it.
	ErrNotKept = errors.New("the server reported it as stored, but does not have it")
)

// Mismatch reports an artifact in the cache that is not the expected one.
type Mismatch struct {
	// Name is the path of the input, or the id.
	Name string
	Err  error
}

func (e *Mismatch) Error() string { return fmt.Sprintf("verifying %s: %v", e.Name, e.Err) }

// Unwrap returns the reason.
func (e *Mismatch) Unwrap() error { return e.Err }

func differs(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDiffers}, args...)...)
}
