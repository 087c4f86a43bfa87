// Package credential holds secrets that must never be printed, and stores logins: in
// the keyring of the operating system or, if the user says so, in a file.
//
// It limits the wait for a keyring, and rejects a file of secrets that others can
// read. Start at [Secret] and [Store].
package credential

const masked = "***"

// Secret is a token or a key. It prints as "***"; only [Secret.Reveal] returns
// the value.
type Secret struct{ value string }

// NewSecret returns a secret.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// IsEmpty reports whether there is no secret.
func (s Secret) IsEmpty() bool { return s.value == "" }

// String returns "***".
func (s Secret) String() string { return masked }

// GoString returns "***".
func (s Secret) GoString() string { return masked }

// MarshalText returns "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }
