// Package redact hides secrets in output. Start at [Redactor]; each stream gets a
// [Writer].
package redact

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

const (
	// mask replaces a secret.
	mask = "***"
	// shortestSecret is the minimum length of a secret in bytes: three letters
	// protect nothing, and would be found everywhere.
	shortestSecret = 4
	// shortestAnywhere is the minimum length to hide a secret inside words too. A
	// token such as "test" is hidden only as a whole word, not in testdata/x.
	shortestAnywhere = 8
)

// Redactor hides secrets: raw, as JSON, Go and URLs escape them, and in base64,
// even as a part of what was encoded, such as the password of Basic
// authorization. Secrets of fewer than 4 bytes are not hidden, and those of fewer
// than 8 only as whole words.
//
// It is safe for concurrent use.
type Redactor struct {
	mu    sync.RWMutex
	forms []form // in order, and never changed
}

// New returns a redactor that knows some secrets.
func New(secrets ...string) *Redactor {
	r := new(Redactor)
	for _, secret := range secrets {
		r.Add(secret)
	}
	return r
}

// form is one way to write a secret.
type form struct {
	text string
	word bool // only as a whole word
}

// Add adds a secret, without white space around it.
func (r *Redactor) Add(secret string) {
	secret = strings.TrimSpace(secret)
	if len(secret) < shortestSecret {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.forms, func(f form) bool { return f.text == secret }) {
		return
	}
	forms := slices.Clone(r.forms)
	for _, text := range escaped(secret) {
		forms = append(forms, form{text, len(secret) < shortestAnywhere})
	}
	for _, text := range encoded(secret) {
		forms = append(forms, form{text, false})
	}
	slices.SortFunc(forms, func(a, b form) int { return strings.Compare(a.text, b.text) })
	r.forms = slices.Compact(forms)
}

func (r *Redactor) known() []form {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.forms
}

// escaped returns the secret as it appears in text, JSON, Go's quoted strings,
// the parts of a URL, and the output of package printable. Quoted strings are
// quoted again, for errors in JSON.
func escaped(secret string) []string {
	forms := []string{
		secret,
		url.QueryEscape(secret),
		url.PathEscape(secret),
		strings.TrimPrefix(url.UserPassword("", secret).String(), ":"),
		printable.Text(secret),
		printable.Line(secret, len(secret)),
	}
	for _, once := range quoted(secret) {
		if once != secret {
			forms = append(append(forms, once), quoted(once)...)
		}
	}
	return forms
}

// quoted returns text as JSON writes it, with and without HTML escapes, and as Go
// does.
func quoted(text string) []string {
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always encodes
	html, _ := json.Marshal(text)
	return []string{unquoted(strings.TrimSpace(plain.String())), unquoted(string(html)), unquoted(strconv.Quote(text))}
}

func unquoted(s string) string { return s[1 : len(s)-1] }

// encoded returns the secret in base64, on its own and as part of a longer text.
// Three bytes become four characters, so there are three forms, one for each
// position in a group. They omit the characters at both ends, which depend on the
// neighbours.
func encoded(secret string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		forms = append(forms, encoding.EncodeToString([]byte(secret)), encoding.WithPadding('=').EncodeToString([]byte(secret)))
		for before := range 3 {
			text := encoding.EncodeToString(append(make([]byte, before), secret...))
			first := (before*8 + 5) / 6
			last := (before + len(secret)) * 8 / 6
			forms = append(forms, text[first:last])
		}
	}
	return forms
}

// String returns text without the secrets.
func (r *Redactor) String(text string) string {
	hits := hitsIn(text, r.known())
	if len(hits) == 0 {
		return text
	}
	var clean strings.Builder
	end := 0
	for _, hit := range hits {
		clean.WriteString(text[end:hit.start])
		clean.WriteString(mask)
		end = hit.end
	}
	clean.WriteString(text[end:])
	return clean.String()
}

// Line is [printable.Line] of text without the secrets. It removes them first,
// since it would not recognize half of one.
func (r *Redactor) Line(text string, limit int) string { return printable.Line(r.String(text), limit) }

// Beginning returns truncated text without secrets, and without an end that may
// be the beginning of one.
func (r *Redactor) Beginning(text string) string {
	return r.String(text[:len(text)-beginning(text, r.known())])
}

// hit is the position of a secret.
type hit struct{ start, end int }

// hitsIn returns the positions of all forms in text, in order, and merges
// overlapping ones.
func hitsIn(text string, forms []form) []hit {
	var found []hit
	for _, f := range forms {
		for from := 0; ; {
			i := strings.Index(text[from:], f.text)
			if i < 0 {
				break
			}
			at := hit{from + i, from + i + len(f.text)}
			if !f.word || standsAlone(text, at) {
				found = append(found, at)
			}
			from = at.start + 1 // a secret such as "ababab" may overlap itself
		}
	}
	slices.SortFunc(found, func(a, b hit) int { return a.start - b.start })
	merged := found[:0]
	for _, next := range found {
		if last := len(merged) - 1; last >= 0 && next.start < merged[last].end {
			merged[last].end = max(merged[last].end, next.end)
			continue
		}
		merged = append(merged, next)
	}
	return merged
}

func standsAlone(text string, at hit) bool {
	return (at.start == 0 || !inWord(text[at.start-1])) && (at.end == len(text) || !inWord(text[at.end]))
}

func inWord(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '-' || b >= 0x80
}
