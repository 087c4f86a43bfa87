package artifact

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxIDLength is the maximum length of an [ID] in bytes.
const MaxIDLength = 255

// ErrInvalidID is wrapped by the errors of [ParseID].
var ErrInvalidID = errors.New("invalid artifact id")

// ID is the key of an artifact: turbo's task hash, a digest of the bytes, or any
// other string that [ParseID] accepts.
type ID string

// ParseID checks that s is a valid id: UTF-8 of 1 to [MaxIDLength] bytes without
// slashes, white space and control characters, and not ".", "..", "status" or
// "events", which are other routes of the API. Its errors wrap [ErrInvalidID].
func ParseID(s string) (ID, error) {
	switch {
	case s == "":
		return "", fmt.Errorf("%w: it is empty", ErrInvalidID)
	case len(s) > MaxIDLength:
		return "", fmt.Errorf("%w: it has %d bytes; at most %d are allowed", ErrInvalidID, len(s), MaxIDLength)
	case !utf8.ValidString(s):
		return "", fmt.Errorf("%w %q: it is not valid UTF-8", ErrInvalidID, s)
	case s == "." || s == ".." || s == "status" || s == "events":
		return "", fmt.Errorf("%w %q: the API reserves this name", ErrInvalidID, s)
	}
	if i := strings.IndexFunc(s, forbiddenInID); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return "", fmt.Errorf("%w %q: it contains %q; slashes, white space and control characters are not allowed", ErrInvalidID, s, r)
	}
	return ID(s), nil
}

func forbiddenInID(r rune) bool {
	return r == '/' || unicode.IsSpace(r) || unicode.IsControl(r)
}
