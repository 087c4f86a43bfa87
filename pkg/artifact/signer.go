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

// Scheme is a way to make an artifact's tag. Neither reads the other's.
type Scheme string

// The schemes of turbo.
const (
	// SchemeV2 is the scheme of turbo 2.9.18 and later.
	SchemeV2 Scheme = "v2"
	// SchemeV1 is the scheme of turbo up to 2.9.17.
	SchemeV1 Scheme = "v1"
)

// ErrInvalidScheme is what every error of [ParseScheme] wraps.
var ErrInvalidScheme = errors.New("unknown signature scheme")

// ParseScheme takes the name of a scheme. Its errors wrap [ErrInvalidScheme].
func ParseScheme(name string) (Scheme, error) {
	switch s := Scheme(name); s {
	case SchemeV1, SchemeV2:
		return s, nil
	}
	return "", fmt.Errorf("%w %q; choose v2 or v1", ErrInvalidScheme, name)
}

// MinKeyLength is the fewest bytes that a signature key should have. turbo
// takes a shorter one today, warns, and will refuse it in its next major
// version.
const MinKeyLength = 32

// Signer makes the tags of artifacts: anybody who has the key can check that they
// were made with it. It never prints the key. It may be used by several
// goroutines at once.
type Signer struct {
	key    []byte
	teamID string
}

// NewSigner signs with a key for a team, whose id is [Team.ID]: as it is
// configured, even if it does not look like an id, and empty if only a slug is
// known. The key is the raw bytes of turbo's variable, and must be left
// alone from then on.
func NewSigner(key []byte, teamID string) *Signer {
	return &Signer{key: key, teamID: teamID}
}

// String is "***".
func (s *Signer) String() string { return "***" }

// GoString is "***".
func (s *Signer) GoString() string { return "***" }

// ShortKey reports whether the key has fewer than [MinKeyLength] bytes.
func (s *Signer) ShortKey() bool { return len(s.key) < MinKeyLength }

// v2Prefix keeps tags apart from whatever else is signed with the key.
const v2Prefix = "artifact-signature:v2"

// New begins a tag. The body has to be written to it next, and then [Tag]
// gives the tag. [SchemeV2] signs the body's size before the body, so that must
// be right; [SchemeV1] ignores it.
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

// length is how the scheme writes a length, so that no two lists of parts sign
// the same bytes.
func length(n int64) []byte {
	return binary.LittleEndian.AppendUint64(nil, uint64(n)) //nolint:gosec // a length is not negative
}

// Tag is the tag that mac stands for after all bytes, as a header carries it.
func Tag(mac hash.Hash) string { return base64.StdEncoding.EncodeToString(mac.Sum(nil)) }

// SameTag compares two tags in a time that tells nothing of either.
func SameTag(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
