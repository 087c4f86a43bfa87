package server

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// permission is what a token allows.
type permission int

// Each permission includes the ones before.
const (
	none      permission = iota
	readOnly             // everything except uploads
	readWrite            // uploads too
)

// MaxToken is the maximum length of a token in bytes. The headers of a request with
// such a token are within the server's limit.
const MaxToken = 4096

// The errors of [NewTokens] and [CheckToken]. They do not contain the token.
var (
	ErrNoToken    = errors.New("a server needs a token")
	ErrTokenText  = errors.New("a token must be printable ASCII without spaces")
	ErrTokenLong  = fmt.Errorf("a token must not be longer than %d bytes", MaxToken)
	ErrTokenTwice = errors.New("the same token is given for writing and for reading only")
)

// Tokens are the tokens that clients may use. [Tokens.Replace] changes them while
// the server runs.
type Tokens struct {
	// permissions has hashes, so that the time of a look-up does not depend on how
	// much of a guessed token is right.
	permissions atomic.Pointer[map[[sha256.Size]byte]permission]
}

// NewTokens returns a set of tokens: those in write may read and write, those in
// read may only read.
func NewTokens(write, read []string) (*Tokens, error) {
	t := new(Tokens)
	return t, t.Replace(write, read)
}

// Replace replaces all tokens. If it returns an error, the old ones stay.
func (t *Tokens) Replace(write, read []string) error {
	permissions := make(map[[sha256.Size]byte]permission, len(write)+len(read))
	for _, token := range write {
		if err := CheckToken(token); err != nil {
			return err
		}
		permissions[sha256.Sum256([]byte(token))] = readWrite
	}
	for _, token := range read {
		hash := sha256.Sum256([]byte(token))
		if err := CheckToken(token); err != nil {
			return err
		}
		if permissions[hash] == readWrite {
			return ErrTokenTwice
		}
		permissions[hash] = readOnly
	}
	if len(permissions) == 0 {
		return ErrNoToken
	}
	t.permissions.Store(&permissions)
	return nil
}

// CheckToken returns an error unless clients can send token in a header, and proxies
// pass it on.
func CheckToken(token string) error {
	switch {
	case token == "":
		return ErrNoToken
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return ErrTokenText
	case len(token) > MaxToken:
		return ErrTokenLong
	}
	return nil
}

// permission returns what the token of r allows.
func (t *Tokens) permission(r *http.Request) permission {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if len(r.Header["Authorization"]) != 1 || !strings.EqualFold(scheme, "Bearer") {
		return none
	}
	return (*t.permissions.Load())[sha256.Sum256([]byte(token))]
}
