// Package printable makes text from strangers fit for a terminal or a log: a
// server's message, a file's name, an id. Start at [Text] and [Line].
package printable

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// substitute stands for a character that must not be shown. It is ASCII, as ls
// prints it: the replacement character has no sure width.
const substitute = '?'

// Ellipsis stands for text left out. Three dots are three columns wide in every
// terminal and locale; the one character is not.
const Ellipsis = "..."

// Text makes text safe for a terminal. Each control or format character,
// which could move the cursor, start an escape sequence or turn the direction
// of writing, each line separator, each character without a meaning of its own
// and each byte that is no UTF-8 becomes a question mark.
func Text(text string) string {
	if isPrintable(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return substitute
		}
		return r
	}, text)
}

func isPrintable(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return false
		}
	}
	return true
}

// Line makes text printable, as [Text] does, and at most limit characters long, which must
// be 3 or more: white space becomes single spaces, with none at either end, and
// dots say that something was left out. A secret that is cut in two is no
// longer known as one: redact before.
func Line(text string, limit int) string {
	line := Text(strings.Join(strings.Fields(text), " "))
	if utf8.RuneCountInString(line) <= limit {
		return line
	}
	kept := 0
	for i := range line {
		if kept == limit-len(Ellipsis) {
			return strings.TrimRight(line[:i], " ") + Ellipsis
		}
		kept++
	}
	return line
}
