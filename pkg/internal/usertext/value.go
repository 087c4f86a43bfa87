package usertext

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean removes white space around a value, and a byte order mark before it.
func Clean(value string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(value), byteOrderMark))
}

// The errors of [ParseValue] without details.
var (
	errQuoted = errors.New("it has quotation marks around it: leave them out")
	errBearer = errors.New(`it begins with "Bearer": give only the token that follows`)
)

// ParseValue cleans a team, a URL, a token or another pasted value. It rejects
// control and formatting characters, surrounding quotation marks, and a leading
// "Bearer". Its errors do not contain the value, which may be a secret.
func ParseValue(raw string) (string, error) {
	value := Clean(raw)
	for _, r := range value {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return "", fmt.Errorf("it contains %s: remove it", characterName(r))
		}
	}
	first, size := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	if len(value) > size && isQuotationMark(first) && isQuotationMark(last) {
		return "", errQuoted
	}
	if scheme, _, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "Bearer") {
		return "", errBearer
	}
	return value, nil
}

func isQuotationMark(r rune) bool { return r == '`' || unicode.Is(unicode.Quotation_Mark, r) }

// characterName describes an invisible character.
func characterName(r rune) string {
	switch r {
	case '\n', '\r':
		return "a line break"
	case '\t':
		return "a tab"
	case '\ufeff':
		return "a byte order mark (U+FEFF)"
	}
	return fmt.Sprintf("the invisible character U+%04X", r)
}

// ParseURL parses an absolute URL. Its errors suggest what to write, and do not
// contain a password.
func ParseURL(raw string) (*url.URL, error) {
	parsed, err := url.Parse(raw)
	switch {
	case !strings.Contains(raw, "://") && (raw == "" || strings.Contains(raw, "@")):
		return nil, errors.New("it must begin with https:// or http://")
	case !strings.Contains(raw, "://"):
		return nil, fmt.Errorf("%q must begin with https:// or http://%s", raw, withScheme(raw))
	case err != nil && strings.Contains(raw, "@"):
		return nil, errors.New("it is not a valid URL; special characters in a password are written as %XX")
	case err != nil:
		return nil, fmt.Errorf("%q is not a valid URL, such as https://cache.example.com", raw)
	case parsed.Hostname() == "":
		return nil, errors.New("it names no host: write https://cache.example.com, for example")
	case !isPort(parsed.Port()):
		return nil, fmt.Errorf("port %s does not exist: ports end at 65535", parsed.Port())
	}
	return parsed, nil
}

func isPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && number > 0
}

// withScheme returns the end of a sentence, which suggests a URL for a host
// without a scheme, or an empty string if raw is not a host.
func withScheme(raw string) string {
	parsed, err := url.Parse("http://" + raw)
	if err != nil || parsed.Hostname() == "" || !isPort(parsed.Port()) || strings.HasPrefix(raw, "http") {
		return ""
	}
	scheme := "https"
	if ip := net.ParseIP(parsed.Hostname()); parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		scheme = "http"
	}
	return ": write " + scheme + "://" + raw
}
