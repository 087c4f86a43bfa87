package transfer

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/zeebo/blake3"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// Algorithm is a hash function that derives an id from an artifact's bytes.
// [ParseAlgorithm] reads its name.
type Algorithm string

// The algorithms. The command line uses [SHA256] by default.
const (
	SHA256 Algorithm = "sha256"
	SHA512 Algorithm = "sha512"
	BLAKE3 Algorithm = "blake3"
)

// Algorithms returns all algorithms, the default first.
func Algorithms() []Algorithm { return []Algorithm{SHA256, SHA512, BLAKE3} }

// ParseAlgorithm returns the algorithm with the given lower-case name.
func ParseAlgorithm(name string) (Algorithm, error) {
	if a := Algorithm(name); slices.Contains(Algorithms(), a) {
		return a, nil
	}
	var names []string
	for _, a := range Algorithms() {
		names = append(names, string(a))
	}
	return "", fmt.Errorf("unknown algorithm %q; choose from %s", name, strings.Join(names, ", "))
}

// AlgorithmsOf returns the algorithms whose digests have the form of id: 64 or
// 128 hexadecimal digits, in either case. It returns none for any other id.
func AlgorithmsOf(id artifact.ID) []Algorithm {
	sum, err := hex.DecodeString(string(id))
	return slices.DeleteFunc(Algorithms(), func(a Algorithm) bool { return err != nil || len(sum) != a.new().Size() })
}

// new returns a hash of the algorithm, by default [SHA256].
func (a Algorithm) new() hash.Hash {
	switch a {
	case SHA512:
		return sha512.New()
	case BLAKE3:
		return blake3.New()
	default:
		return sha256.New()
	}
}

// digestOf returns the sum of a hash as an id, in lower-case hexadecimal.
func digestOf(h hash.Hash) artifact.ID {
	return artifact.ID(hex.EncodeToString(h.Sum(nil)))
}

// lowerDigest returns id in lower case, and reports whether it is a digest that
// changed: PowerShell's Get-FileHash prints upper case.
func lowerDigest(id artifact.ID) (lower artifact.ID, changed bool) {
	lower = artifact.ID(strings.ToLower(string(id)))
	return lower, lower != id && len(AlgorithmsOf(id)) > 0
}

// isDigest reports whether id is the digest of h, in either case.
func isDigest(id artifact.ID, h hash.Hash) bool {
	return strings.EqualFold(string(id), string(digestOf(h)))
}
