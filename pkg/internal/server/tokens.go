package server

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// Permission is what a token allows.
type Permission int

// The permissions, each of which includes the ones before.
const (
	None  Permission = iota
	Read             // everything but uploads
	Write            // uploads too
)

// MaxToken is the maximum length of a token in bytes, within what the server
// accepts as headers.
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
	permissions atomic.Pointer[map[[sha256.Size]byte]Permission]
}

// NewTokens returns a set of tokens: those in write may read and write, those in
// read may only read.
func NewTokens(write, read []string) (*Tokens, error) {
	t := new(Tokens)
	return t, t.Replace(write, read)
}

// Replace replaces all tokens, or none if it fails.
func (t *Tokens) Replace(write, read []string) error {
	permissions := make(map[[sha256.Size]byte]Permission, len(write)+len(read))
	for _, token := range write {
		if err := CheckToken(token); err != nil {
			return err
		}
		permissions[sha256.Sum256([]byte(token))] = Write
	}
	for _, token := range read {
		hash := sha256.Sum256([]byte(token))
		if err := CheckToken(token); err != nil {
			return err
		}
		if permissions[hash] == Write {
			return ErrTokenTwice
		}
		permissions[hash] = Read
	}
	if len(permissions) == 0 {
		return ErrNoToken
	}
	t.permissions.Store(&permissions)
	return nil
}

// CheckToken reports whether clients can send token as a header, and proxies pass
// it on.
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
func (t *Tokens) permission(r *http.Request) Permission {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if len(r.Header["Authorization"]) != 1 || !strings.EqualFold(scheme, "Bearer") {
		return None
	}
	return (*t.permissions.Load())[sha256.Sum256([]byte(token))]
}
