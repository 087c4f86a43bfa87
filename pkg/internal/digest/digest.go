// Package digest names the algorithms that an id can be derived with, and is
// the only one that knows where their code comes from. Start at [Parse].
package digest

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/zeebo/blake3"
)

// Algorithm is a hash function by the name that users give.
type Algorithm string

// The algorithms. [SHA256] is the default everywhere.
const (
	SHA256 Algorithm = "sha256"
	SHA512 Algorithm = "sha512"
	BLAKE3 Algorithm = "blake3"
)

// Algorithms lists all of them, the default first.
func Algorithms() []Algorithm { return []Algorithm{SHA256, SHA512, BLAKE3} }

// Parse takes a name as a user writes it, in lower case.
func Parse(name string) (Algorithm, error) {
	if a := Algorithm(name); slices.Contains(Algorithms(), a) {
		return a, nil
	}
	var names []string
	for _, a := range Algorithms() {
		names = append(names, string(a))
	}
	return "", fmt.Errorf("no algorithm %q; there are %s", name, strings.Join(names, ", "))
}

// New makes the hash of a, which must be one of the constants above.
func (a Algorithm) New() hash.Hash {
	switch a {
	case SHA512:
		return sha512.New()
	case BLAKE3:
		return blake3.New()
	default:
		return sha256.New()
	}
}

// ID is the id that h stands for after all bytes: lower-case hexadecimal.
func ID(h hash.Hash) artifact.ID {
	return artifact.ID(hex.EncodeToString(h.Sum(nil)))
}

// Of are the algorithms that id may be a digest of, by its form: 64 or 128
// hexadecimal digits. There are none for any other key.
func Of(id artifact.ID) []Algorithm {
	var possible []Algorithm
	for _, a := range Algorithms() {
		if a.Fits(id) {
			possible = append(possible, a)
		}
	}
	return possible
}

// Fits tells whether id has the form of a's digests. Upper case will do: other
// tools write it.
func (a Algorithm) Fits(id artifact.ID) bool {
	sum, err := hex.DecodeString(string(id))
	return err == nil && len(sum) == a.New().Size()
}

// Lower returns id in lower case, and reports whether that is another digest:
// PowerShell's Get-FileHash prints digests in upper case.
func Lower(id artifact.ID) (lower artifact.ID, changed bool) {
	lower = artifact.ID(strings.ToLower(string(id)))
	return lower, lower != id && len(Of(id)) > 0
}

// Is tells whether id is the digest that h stands for, in either case.
func Is(id artifact.ID, h hash.Hash) bool {
	return strings.EqualFold(string(id), string(ID(h)))
}
