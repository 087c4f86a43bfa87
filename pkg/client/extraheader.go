package client

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ErrInvalidHeader is wrapped by the errors of [CheckHeader].
var ErrInvalidHeader = errors.New("invalid header")

// ownHeaders are set by this package or by HTTP itself, or would change the
// meaning of a request. An entry that ends in a hyphen is a prefix.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "Access-Control-", "Authorization", "Connection", "Content-", "Expect", "Host",
	"Http2-Settings", "If-", "Keep-Alive", "Proxy-", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"User-Agent", "X-Artifact-",
}

// CheckHeader checks a header for [Options.Header]: it must not belong to the
// API, the connection or a proxy, and its value must be one line. The error never
// contains the value.
func CheckHeader(name, value string) error {
	name = http.CanonicalHeaderKey(name)
	switch {
	case !isToken(name):
		return fmt.Errorf("%w: its name is not valid", ErrInvalidHeader)
	case slices.ContainsFunc(ownHeaders, func(own string) bool {
		return name == own || strings.HasSuffix(own, "-") && strings.HasPrefix(name, own)
	}):
		return fmt.Errorf("%w: %s cannot be set: artifact sets it itself", ErrInvalidHeader, name)
	case value == "":
		return fmt.Errorf("%w: %s has no value", ErrInvalidHeader, name)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("%w: %s has control characters in its value", ErrInvalidHeader, name)
	}
	return nil
}

// isToken reports whether text is a valid header name (RFC 9110, section 5.1).
func isToken(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool {
		return r >= 0x7f || r <= ' ' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}) < 0
}

func checkHeaders(header http.Header) error {
	for name, values := range header {
		for _, value := range values {
			if err := CheckHeader(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}
