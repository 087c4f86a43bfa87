// Package settings finds the cache, the token and the team: in flags, the
// environment, the work tree's files, logins, and the user-level files of turbo
// and the Vercel CLI. Every setting has an origin, for errors.
//
// A file of the work tree alone cannot decide who gets a token. Nothing is read
// below the first source that has a setting. Start at [New].
package settings

import (
	"fmt"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
)

// Flags are the settings of a command line, empty if not given.
type Flags struct {
	API, Team string
	Preflight *bool
}

// Settings are resolved once. An Origin names the flag, the variable or the
// file that a setting came from, and is empty for a default.
type Settings struct {
	API, APIOrigin         string            // base URL, empty for the client's default
	Token                  credential.Secret // empty without one, and before Authorize
	TokenOrigin            string
	Team                   artifact.Team // the personal account by default
	TeamOrigin             string        // of both id and slug
	SignatureKey           credential.Secret
	SignatureKeyOrigin     string
	RequireSignatureOrigin string // the file that requires signatures, if one does
	Preflight              bool   // asks for a preflight request before each transfer
	PreflightOrigin        string
}

// CheckSignature returns an [*Error] that wraps [ErrNoSignatureKey] if artifacts
// must be signed and there is no key.
func (s Settings) CheckSignature() error {
	if s.RequireSignatureOrigin != "" && s.SignatureKey.IsEmpty() {
		return &Error{Origin: s.RequireSignatureOrigin, Err: ErrNoSignatureKey}
	}
	return nil
}

// ErrNoSignatureKey reports that artifacts must be signed and no key is set.
var ErrNoSignatureKey = fmt.Errorf(`"signature" is true, and %s is not set`, EnvSignatureKey)

// Error reports an invalid setting. It never contains a secret.
type Error struct {
	Origin string
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Origin, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// UnconfirmedError reports an API that only a file in the work tree names. The
// author of that file must not be able to collect tokens.
type UnconfirmedError struct {
	API  string // base URL, with the host that would be dialled
	Path string // of the file
}

func (e *UnconfirmedError) Error() string {
	return fmt.Sprintf("%s names the API %s, which you have not confirmed", e.Path, e.API)
}
