// Package printable makes text from strangers fit for a terminal or a log: a
// server's message, a file's name, an id. It imports the standard library only.
package printable

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is text as one line of at most limit characters, cut with an ellipsis:
// white space is folded, and whatever a terminal would obey or hide (control
// and format characters, invalid UTF-8) is left out.
func Line(text string, limit int) string {
	var line strings.Builder
	count, pendingSpace := 0, false
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			continue
		}
		if unicode.IsSpace(r) {
			pendingSpace = count > 0
			continue
		}
		if !unicode.IsPrint(r) {
			continue
		}
		if pendingSpace {
			line.WriteByte(' ')
			count, pendingSpace = count+1, false
		}
		if count++; count > limit-1 && len(text) > i+utf8.RuneLen(r) {
			line.WriteString("…")
			break
		}
		line.WriteRune(r)
	}
	return line.String()
}
