// Package redact hides the secrets of a run in all output. Start at [Redactor];
// each stream gets a [Writer] of it.
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
	// mask is what is shown of a secret.
	mask = "***"
	// shortestSecret is the fewest bytes that are worth hiding: a token of
	// three letters protects nothing, and would turn up everywhere.
	shortestSecret = 4
	// shortestAnywhere is the fewest bytes that are hidden within words, too.
	// A token such as "test" is hidden where it stands alone, and a path such
	// as testdata/x stays what it is.
	shortestAnywhere = 8
)

// Redactor knows the secrets of a run and hides them: raw, as JSON and Go
// escape them, as URLs encode them, and in base64, also as a part of what was
// encoded, such as the password of Basic authorization. Secrets of fewer than
// 4 bytes are not hidden, and those of fewer than 8 only as whole words.
//
// Its methods may be called from any goroutine.
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
	word bool // only where no letter or digit is beside it
}

// Add makes a secret known, to hide it from then on. White space around it does
// not count.
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

// escaped returns the secret as it appears in text, JSON, Go's quoted strings, the
// parts of a URL, and the output of package printable. An error that quotes it
// may be put into JSON, so quotes are quoted too.
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

// encoded returns the secret in base64, on its own and as a part of a longer text.
// Three bytes become four characters, so there are three ways, by where in a
// group of three the secret begins. They leave out the characters at both ends,
// which depend on its neighbours.
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

// Line returns text without the secrets as a line of [printable.Line], which may
// cut it: half of a secret would not be recognised.
func (r *Redactor) Line(text string, limit int) string { return printable.Line(r.String(text), limit) }

// Beginning returns text, which was cut off somewhere, without the secrets and
// without an end that may be the beginning of one.
func (r *Redactor) Beginning(text string) string {
	return r.String(text[:len(text)-beginning(text, r.known())])
}

// hit is the place of a secret.
type hit struct{ start, end int }

// hitsIn returns the places of all forms in text, in order; hits that overlap are
// one.
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
