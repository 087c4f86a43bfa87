package printable

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                            "",
		"out.tar.zst":                 "out.tar.zst",
		"日本語 und Übergröße 🎉":         "日本語 und Übergröße 🎉",
		"a\x1b[2Jb":                   `a\u001b[2Jb`,
		"a\nb\rc\td\x00\x7f":          `a\nb\rc\td\u0000\u007f`,
		"\u009b31m":                   `\u009b31m`, // a C1 control: the same as ESC [
		"\x9b31m\xff":                 `\x9b31m\xff`,
		"gpj.\u202eexe":               `gpj.\u202eexe`,
		"\u2066x\u2069\u200b\ufeff":   `\u2066x\u2069\u200b\ufeff`,
		"line\u2028and\u2029para":     `line\u2028and\u2029para`,
		"\U000e0041tag":               `\udb40\udc41tag`,
		"private \ue000, none \ufdd0": `private \ue000, none \ufdd0`,
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"  two\r\n\tlines  ", 20, "two lines"},
		{"0123456789", 10, "0123456789"},
		{"0123456789x", 10, "0123456..."},
		{"日本語日本語日本語日本語", 10, "日本語日本語日..."},
		{"words here and there", 9, "words..."},
		{"abcd", 3, "..."},
		{"\x1b]0;title\x07", 20, "?]0;title?"},
	} {
		if got := Line(test.text, test.limit); got != test.want {
			t.Errorf("Line(%q, %d) = %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, text := range []string{"", "plain", "a\x1b[31mb\n\n c", "\xff\xfe", strings.Repeat("é ", 400)} {
		f.Add(text, 300)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(limit, 3)
		line := Line(text, limit)
		if utf8.RuneCountInString(line) > limit {
			t.Errorf("%q has more than %d characters", line, limit)
		}
		if line != Text(line) || line != strings.TrimSpace(line) || strings.ContainsAny(line, "\r\n\x1b") {
			t.Errorf("%q is not printable", line)
		}
	})
}
