package usertext

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean removes what copying leaves around a value: white space, and a byte
// order mark before it.
func Clean(value string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(value), byteOrderMark))
}

// The mistakes of [ParseValue] that need no details.
var (
	errQuoted = errors.New("it has quotation marks around it: leave them out")
	errBearer = errors.New(`it begins with "Bearer": give only the token that follows`)
)

// ParseValue cleans a team, a URL, a token or another value that people paste,
// and refuses what none of them contains: control and formatting characters,
// quotation marks around it, and the word Bearer before it. Its errors do not
// repeat the value, which may be a secret.
func ParseValue(raw string) (string, error) {
	value := Clean(raw)
	for _, r := range value {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return "", fmt.Errorf("it contains %s: copy it again without that", characterName(r))
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

// characterName describes a character that cannot be seen.
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
