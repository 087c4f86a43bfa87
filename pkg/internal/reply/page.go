package reply

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
)

// pageBeginnings are those of web pages, in UTF-8 and in UTF-16.
var pageBeginnings = []string{"<", "\xff\xfe<\x00", "\xfe\xff\x00<"}

// LooksLikePage reports whether an answer is a web page or some other markup, by
// its type or its first bytes.
func (a *Reply) LooksLikePage() bool {
	if a.IsPage() {
		return true
	}
	text, _ := a.Beginning()
	text = bytes.TrimSpace(text)
	return slices.ContainsFunc(pageBeginnings, func(begin string) bool { return bytes.HasPrefix(text, []byte(begin)) })
}

// IsPage reports whether the Content-Type is a web page's.
func (a *Reply) IsPage() bool {
	media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "text/html" || media == "application/xhtml+xml"
}

// ownTitle returns a page's title, unless that repeats the status.
func (a *Reply) ownTitle() string {
	title := a.oneLine(a.Title())
	if title == fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)) {
		return ""
	}
	return title
}

// Title returns the text of a page's title element, which is where proxies put
// what went wrong.
func (a *Reply) Title() string {
	page, _ := a.Beginning()
	text := string(page)
	lower := strings.ToLower(text)
	begin := strings.Index(lower, "<title")
	if begin < 0 || len(lower) != len(text) {
		return ""
	}
	_, title, _ := strings.Cut(text[begin:], ">")
	title, _, closed := strings.Cut(title, "<")
	if !closed {
		return ""
	}
	return html.UnescapeString(title)
}
