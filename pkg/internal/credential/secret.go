// Package credential holds what must never be printed, and keeps what login
// stored: in the keyring of the operating system, or, only where the user says
// so, in a file.
//
// It refuses to wait for a keyring without end, and to read a file of secrets
// that others can read too. Start at [Secret] and [Store].
package credential

// masked is what a secret looks like wherever it is printed.
const masked = "***"

// Secret is a token or a key. Every way of printing it gives "***"; only
// [Secret.Reveal] gives the value.
type Secret struct {
	value string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal is the value itself.
func (s Secret) Reveal() string { return s.value }

// IsEmpty tells whether there is no secret.
func (s Secret) IsEmpty() bool { return s.value == "" }

// String is "***".
func (s Secret) String() string { return masked }

// GoString is "***".
func (s Secret) GoString() string { return masked }

// MarshalText is "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }
