// Package reply reads what a server says in an answer that carries no artifact:
// at most so many bytes, for at most so long, and of an error one printable line
// without secrets. Start at [New].
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
	// MaxBytes is how much of an answer [Reply.Beginning] reads. A real one has a
	// few hundred bytes.
	MaxBytes = 64 << 10
	// MaxLine is how many characters of a server's text are kept.
	MaxLine = 300
)

// ErrBroken reports an answer that broke off.
var ErrBroken = errors.New("reading the server's answer")

// Reply is an answer whose body is read once.
type Reply struct {
	*http.Response
	redactor *redact.Redactor
	limit    time.Duration
	text     []byte
	read     bool
	cut      bool // the text may end within a word
}

// New returns the reply in resp. The redactor knows what must not come back in an
// error; reading the body ends after limit, and 0 sets none.
func New(resp *http.Response, redactor *redact.Redactor, limit time.Duration) Reply {
	return Reply{Response: resp, redactor: redactor, limit: limit}
}

// Line returns a server's text without secrets, as one printable line of at most
// limit characters.
func (a *Reply) Line(text string, limit int) string { return a.redactor.Line(text, limit) }

func (a *Reply) oneLine(text string) string { return a.Line(text, MaxLine) }

// Beginning returns the first [MaxBytes] of the body, which it reads once.
func (a *Reply) Beginning() ([]byte, error) {
	if a.read {
		return a.text, nil
	}
	a.read = true
	if a.StatusCode == http.StatusSwitchingProtocols {
		return nil, nil // what follows is no answer, and ends with no context
	}
	var err error
	a.text, err = a.upTo(MaxBytes)
	// The end of a coded text may be missing without notice.
	a.cut = err != nil || len(a.text) > MaxBytes-len("\ufeff") || a.Header.Get("Content-Encoding") != ""
	return a.text, err
}

// Document reads at most so many bytes of the body, of which those that explain
// are kept.
func (a *Reply) Document(most int64) ([]byte, error) {
	a.read = true
	text, err := a.upTo(most)
	a.text = text
	return text, err
}

// upTo reads at most so many bytes of the body, and removes the content coding and
// a byte order mark. With an error it returns what came before it.
func (a *Reply) upTo(most int64) ([]byte, error) {
	text, err := a.encoded(most)
	text = decoded(a.Header.Get("Content-Encoding"), text, most)
	return bytes.TrimPrefix(text, []byte("\ufeff")), err
}

// decoded undoes a content coding, which some servers apply to errors without
// being asked. It returns at most so many bytes, since a few may stand for very
// many, and none for a coding that it does not know.
func decoded(coding string, text []byte, most int64) []byte {
	var plain io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "", "identity":
		return text
	case "gzip", "x-gzip":
		plain, err = gzip.NewReader(bytes.NewReader(text))
	case "deflate":
		if plain, err = zlib.NewReader(bytes.NewReader(text)); err != nil { // some leave out zlib's header
			plain, err = flate.NewReader(bytes.NewReader(text)), nil
		}
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	text, _ = io.ReadAll(io.LimitReader(plain, most)) // the text may have been cut
	return text
}

// encoded reads so many bytes of the body, in the time that a server may take to
// answer: one that lets a byte fall now and then never stalls.
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
		err = fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return text, err
}

// TakeBody returns the body, which then explains nothing any more.
func (a *Reply) TakeBody() io.Reader {
	a.read = true
	return a.Body
}

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
