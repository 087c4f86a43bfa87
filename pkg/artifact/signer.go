package artifact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

// Scheme is a signature scheme. The schemes are not compatible.
type Scheme string

// The schemes of turbo.
const (
	// SchemeV2 is the scheme of turbo 2.9.18 and later.
	SchemeV2 Scheme = "v2"
	// SchemeV1 is the scheme of turbo up to 2.9.17.
	SchemeV1 Scheme = "v1"
)

// ErrInvalidScheme is wrapped by the errors of [ParseScheme].
var ErrInvalidScheme = errors.New("unknown signature scheme")

// ParseScheme returns the scheme with the given name. Its errors wrap
// [ErrInvalidScheme].
func ParseScheme(name string) (Scheme, error) {
	switch s := Scheme(name); s {
	case SchemeV1, SchemeV2:
		return s, nil
	}
	return "", fmt.Errorf("%w %q; choose v2 or v1", ErrInvalidScheme, name)
}

// MinKeyLength is the recommended minimum length of a signature key in bytes.
// turbo warns about shorter keys, and will reject them in its next major version.
const MinKeyLength = 32

// Signer signs artifacts with a secret key, which it never prints. It is safe for
// concurrent use.
type Signer struct {
	key    []byte
	teamID string
}

// NewSigner returns a signer for the team whose id is [Team.ID], exactly as
// configured; it is empty if only a slug is known. The key is the raw bytes of
// turbo's variable, and must not be modified afterwards.
func NewSigner(key []byte, teamID string) *Signer {
	return &Signer{key: key, teamID: teamID}
}

// String returns "***".
func (s *Signer) String() string { return "***" }

// GoString returns "***".
func (s *Signer) GoString() string { return "***" }

// ShortKey reports whether the key has fewer than [MinKeyLength] bytes.
func (s *Signer) ShortKey() bool { return len(s.key) < MinKeyLength }

// v2Prefix separates tags from anything else that is signed with the key.
const v2Prefix = "artifact-signature:v2"

// New returns a MAC to write the body to; [Tag] then returns the tag. [SchemeV2]
// signs size before the body, so it must be correct; [SchemeV1] ignores it.
func (s *Signer) New(scheme Scheme, id ID, size int64) hash.Hash {
	mac := hmac.New(sha256.New, s.key)
	if scheme == SchemeV1 {
		mac.Write([]byte(id))
		mac.Write([]byte(s.teamID))
		return mac
	}
	for _, part := range []string{v2Prefix, string(id), s.teamID} {
		mac.Write(length(int64(len(part))))
		mac.Write([]byte(part))
	}
	mac.Write(length(size))
	return mac
}

// length encodes a length, so that no two lists of parts sign the same bytes.
func length(n int64) []byte {
	return binary.LittleEndian.AppendUint64(nil, uint64(n)) //nolint:gosec // a length is not negative
}

// Tag encodes the sum of mac for the tag header.
func Tag(mac hash.Hash) string { return base64.StdEncoding.EncodeToString(mac.Sum(nil)) }

// SameTag compares two tags in constant time.
func SameTag(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
