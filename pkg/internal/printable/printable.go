// Package printable makes untrusted text safe for a terminal or a log: a server's
// message, a file's name, an id. Start at [Text] and [Line].
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Ellipsis replaces omitted text. Unlike "…", it has the same width in every
// terminal and locale.
const Ellipsis = "..."

// Text makes text safe for a terminal. It escapes control and format characters, which
// could move the cursor or change the direction of writing, line separators and
// unassigned characters, as JSON does, so that JSON keeps its meaning. Bytes that are
// not UTF-8 become \xff.
func Text(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return text
	}
	var shown strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&shown, `\x%02x`, text[0])
		case unicode.IsGraphic(r):
			shown.WriteRune(r)
		case r == '\n':
			shown.WriteString(`\n`)
		case r == '\r':
			shown.WriteString(`\r`)
		case r == '\t':
			shown.WriteString(`\t`)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&shown, `\u%04x`, unit)
			}
		}
		text = text[size:]
	}
	return shown.String()
}

// Line makes text one printable line of at most limit characters, which must be 3 or
// more: white space becomes single spaces, what [Text] escapes a question mark, and
// dots replace what is left out. Redact before, as half a secret is not recognised.
func Line(text string, limit int) string {
	line := []rune(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return '?'
		}
		return r
	}, strings.Join(strings.Fields(text), " ")))
	if len(line) <= limit {
		return string(line)
	}
	return strings.TrimRight(string(line[:limit-len(Ellipsis)]), " ") + Ellipsis
}
