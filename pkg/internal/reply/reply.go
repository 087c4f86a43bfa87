// Package reply reads answers that are not artifacts, within limits of size and
// time, and returns a server's errors as single printable lines without secrets.
// Start at [New].
package reply

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

const (
	// MaxBytes is how many bytes [Reply.Beginning] reads. A typical answer has a
	// few hundred.
	MaxBytes = 64 << 10
	// MaxLine is the maximum length of a server's text in characters.
	MaxLine = 300
)

// ErrBroken reports an answer that ended early.
var ErrBroken = errors.New("reading the server's answer")

// Reply is an answer. Its body is read once.
type Reply struct {
	*http.Response
	redactor *redact.Redactor
	limit    time.Duration
	text     []byte
	read     bool
	cut      bool // the text may be truncated
}

// New returns the reply in resp. The redactor hides secrets in errors. limit is
// the time to read the body; 0 means no limit.
func New(resp *http.Response, redactor *redact.Redactor, limit time.Duration) Reply {
	return Reply{Response: resp, redactor: redactor, limit: limit}
}

// Line returns text without secrets, as one printable line of at most limit
// characters.
func (a *Reply) Line(text string, limit int) string { return a.redactor.Line(text, limit) }

func (a *Reply) oneLine(text string) string { return a.Line(text, MaxLine) }

// Beginning returns the first [MaxBytes] of the body, which it reads once.
func (a *Reply) Beginning() ([]byte, error) {
	if a.read {
		return a.text, nil
	}
	a.read = true
	if a.StatusCode == http.StatusSwitchingProtocols {
		return nil, nil // what follows is another protocol, and has no end
	}
	var err error
	a.text, err = a.upTo(MaxBytes)
	// Decoding does not report a missing end.
	a.cut = err != nil || len(a.text) > MaxBytes-len("\ufeff") || a.Header.Get("Content-Encoding") != ""
	return a.text, err
}

// Document reads up to most bytes of the body, and keeps the first for an
// explanation.
func (a *Reply) Document(most int64) ([]byte, error) {
	a.read = true
	text, err := a.upTo(most)
	a.text = text
	return text, err
}

// upTo reads up to most bytes of the body, and removes the content coding and a
// byte order mark. With an error, it returns what came before.
func (a *Reply) upTo(most int64) ([]byte, error) {
	text, err := a.encoded(most)
	text = decoded(a.Header.Get("Content-Encoding"), text, most)
	return bytes.TrimPrefix(text, []byte("\ufeff")), err
}

// decoded removes a content coding, which some servers apply to errors without
// being asked. It returns up to most bytes, since a few may expand to very many,
// and none for an unknown coding.
func decoded(coding string, text []byte, most int64) []byte {
	var plain io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "", "identity":
		return text
	case "gzip", "x-gzip":
		plain, err = gzip.NewReader(bytes.NewReader(text))
	case "deflate":
		if plain, err = zlib.NewReader(bytes.NewReader(text)); err != nil { // some omit zlib's header
			plain, err = flate.NewReader(bytes.NewReader(text)), nil
		}
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	text, _ = io.ReadAll(io.LimitReader(plain, most)) // the text may be truncated
	return text
}

// encoded reads up to most bytes of the body within the limit, since a slow
// trickle of bytes never stalls.
func (a *Reply) encoded(most int64) ([]byte, error) {
	var late atomic.Bool
	stop := transport.AfterAwake(a.limit, func() {
		late.Store(true)
		_ = a.Body.Close()
	})
	defer stop()
	text, err := io.ReadAll(io.LimitReader(a.Body, most))
	if err != nil && late.Load() {
		err = transport.ErrNoAnswer
	}
	if err != nil {
		err = Broken(err)
	}
	return text, err
}

// Broken wraps an error of reading a body in [ErrBroken].
func Broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = truncatedError{}
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// truncatedError is [io.ErrUnexpectedEOF] in plain words.
type truncatedError struct{}

func (truncatedError) Error() string { return "it ended too early" }
func (truncatedError) Unwrap() error { return io.ErrUnexpectedEOF }

// TakeBody returns the body. After that, there is no explanation.
func (a *Reply) TakeBody() io.Reader {
	a.read = true
	return a.Body
}

// pageBeginnings are the beginnings of web pages, in UTF-8 and in UTF-16.
var pageBeginnings = []string{"<", "\xff\xfe<\x00", "\xfe\xff\x00<"}

// LooksLikePage reports whether an answer is markup, by its type or its first
// bytes.
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

// ownTitle returns a page's title, unless it repeats the status.
func (a *Reply) ownTitle() string {
	title := a.oneLine(a.Title())
	if title == fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)) {
		return ""
	}
	return title
}

// Title returns a page's title, where proxies describe the error.
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
