// Package settings finds out which cache is meant, as whom, and for which
// team: from flags, the environment, the files of the work tree, what login
// stored, and the user-level files of turbo and the Vercel CLI. Every setting
// remembers where it came from, so that an error can name it.
//
// It refuses to let a file of the work tree alone decide who gets a token, and
// it looks nowhere below the first place that has a setting. Start at [New].
package settings

import (
	"fmt"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
)

// Flags are the settings of a command line, empty where they were not given.
type Flags struct {
	API  string
	Team string
	// Preflight is nil where it was not given.
	Preflight *bool
}

// Settings are resolved once. An Origin names the flag, the variable or the
// file that a setting came from, and is empty for a default.
type Settings struct {
	// API is the base URL, empty for the client's default.
	API       string
	APIOrigin string
	// Token is empty where there is none, and before [Resolver.Authorize].
	Token       credential.Secret
	TokenOrigin string
	// Team is the personal account where nothing names one. Id and slug
	// always come from one source.
	Team       artifact.Team
	TeamOrigin string
	// SignatureKey is empty where there is none.
	SignatureKey       credential.Secret
	SignatureKeyOrigin string
	// RequireSignature says that the work tree's settings want every
	// artifact signed; see [Settings.CheckSignature].
	RequireSignature       bool
	RequireSignatureOrigin string
	// Preflight says that the API is asked before each transfer where that is
	// to go.
	Preflight       bool
	PreflightOrigin string
}

// CheckSignature tells whether artifacts must be signed and there is no key.
// The error is of type [*Error] and wraps [ErrNoSignatureKey].
func (s Settings) CheckSignature() error {
	if s.RequireSignature && s.SignatureKey.IsEmpty() {
		return &Error{Origin: s.RequireSignatureOrigin, Err: ErrNoSignatureKey}
	}
	return nil
}

// ErrNoSignatureKey says that artifacts must be signed and no key is set.
var ErrNoSignatureKey = fmt.Errorf(`"signature" is true, and %s is not set`, EnvSignatureKey)

// Error is a setting that cannot be used. It never holds a secret.
type Error struct {
	Origin string
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Origin, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// UnconfirmedError is an API that only a file in the work tree names. Whoever
// writes that file must not be able to collect tokens.
type UnconfirmedError struct {
	// API is the base URL, and Path the file.
	API, Path string
}

func (e *UnconfirmedError) Error() string {
	return fmt.Sprintf("%s names the API %s, which nobody has confirmed", e.Path, e.API)
}
