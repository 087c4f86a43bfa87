package artifact

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxIDLength is the most bytes an [ID] may have.
const MaxIDLength = 255

// ErrInvalidID is what every error of [ParseID] wraps.
var ErrInvalidID = errors.New("invalid artifact id")

// ID is what an artifact is stored under: turbo's task hash, a digest of the
// bytes, or any other key. [ParseID] makes one; a converted string has not
// been checked.
type ID string

// ParseID checks s against the rules for an id: valid UTF-8 of 1 to
// [MaxIDLength] bytes, without slash, white space or control character, and
// none of ".", "..", "status" and "events", which are other routes of the API.
// Its errors wrap [ErrInvalidID].
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
