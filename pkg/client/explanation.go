package client

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

// explanation reads the code and the message of an error answer, in each of
// the forms that servers send: nested ({"error":{"code","message"}}, Vercel),
// flat ({"code","message"}, the OpenAPI's), fastify's ({"statusCode","error",
// "message"}), object storage's, a page of HTML, or plain text. Both come back
// as one printable line.
func (a *answer) explanation() (code, message string) {
	text, _ := a.beginning() // an answer that broke explains what it can
	if a.Header.Get("Content-Encoding") != "" {
		return "", "" // nobody asked for it, and it may be a bomb
	}
	if a.looksLikePage() {
		if code, message, ok := storageError(text); ok {
			return a.oneLine(code), a.oneLine(message)
		}
		return "", a.title(text)
	}
	var flat struct {
		Error   json.RawMessage `json:"error"`
		Code    json.RawMessage `json:"code"`
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(text, &flat) != nil {
		if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) || a.StatusCode < 400 {
			return "", "" // broken JSON explains nothing
		}
		return "", a.oneLine(string(text))
	}
	var nested struct {
		Code    json.RawMessage `json:"code"`
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(flat.Error, &nested) == nil && (nested.Code != nil || nested.Message != nil) {
		return a.jsonText(nested.Code), a.jsonText(nested.Message)
	}
	message = a.jsonText(flat.Message)
	if message == "" {
		message = a.jsonText(flat.Error)
	}
	return a.jsonText(flat.Code), message
}

// storageError is what object storage says, in the form of S3.
func storageError(text []byte) (code, message string, ok bool) {
	var document struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
		Message string   `xml:"Message"`
	}
	ok = xml.Unmarshal(text, &document) == nil && document.Code != ""
	return document.Code, document.Message, ok
}

// jsonText is a JSON string's text, or a number as it stands.
func (a *answer) jsonText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return a.oneLine(text)
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return a.oneLine(number.String()) // which may have any number of digits
	}
	return ""
}

// title is a page's own explanation, unless that repeats the status.
func (a *answer) title(page []byte) string {
	title := a.oneLine(pageTitle(page))
	if title == fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)) {
		return ""
	}
	return title
}

// pageTitle is the text of a page's title element, which is where proxies put
// what went wrong.
func pageTitle(page []byte) string {
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

// maxLine is the most characters that are kept of a server's text.
const maxLine = 300

// oneLine cuts text only after the secrets are out of it: what is left of a secret
// would no longer be known as one.
func (a *answer) oneLine(text string) string {
	for _, secret := range append(a.secrets[:len(a.secrets):len(a.secrets)], a.token) {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return printable.Line(text, maxLine)
}
