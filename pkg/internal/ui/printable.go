package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// substitute stands for a character that must not be shown. It is ASCII,
	// as ls prints it: the replacement character has no sure width.
	substitute = '?'
	// ellipsis stands for text left out. Three dots are three columns wide in
	// every terminal and locale; the one character is not.
	ellipsis = "..."
)

// Printable makes text safe for a terminal. Each control or format character,
// which could move the cursor, start an escape sequence or turn the direction
// of writing, each line separator, each character without a meaning of its own
// and each byte that is no UTF-8 becomes a question mark.
func Printable(text string) string {
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

// OneLine makes text [Printable] and at most limit characters long, which must
// be 3 or more: white space becomes single spaces, with none at either end, and
// dots say that something was left out. A secret that is cut in two is no
// longer known as one: redact before.
func OneLine(text string, limit int) string {
	line := Printable(strings.Join(strings.Fields(text), " "))
	if utf8.RuneCountInString(line) <= limit {
		return line
	}
	kept := 0
	for i := range line {
		if kept == limit-len(ellipsis) {
			return strings.TrimRight(line[:i], " ") + ellipsis
		}
		kept++
	}
	return line
}
