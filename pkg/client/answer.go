package client

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// maxAnswer is how much of an answer that is no artifact is read, in bytes. A
// real one has a few hundred.
const maxAnswer = 64 << 10

// errBroken says that an answer ended before its end.
var errBroken = errors.New("reading the server's answer")

// errNoStatus says that an answer has none that HTTP knows.
var errNoStatus = errors.New("the server answered without a status")

// answer is a response and, once it was asked for, the beginning of its body.
type answer struct {
	*http.Response
	// redactor knows what was sent and must not come back in an error.
	redactor *redact.Redactor
	// limit is how long the body may take, where that is no artifact.
	limit time.Duration
	text  []byte
	read  bool
	cut   bool // the text may end within a word
}

// beginning is the body up to the cap. It is read once.
func (a *answer) beginning() ([]byte, error) {
	if a.read {
		return a.text, nil
	}
	a.read = true
	if a.StatusCode == http.StatusSwitchingProtocols {
		return nil, nil // what follows is no answer, and ends with no context
	}
	var err error
	a.text, err = a.upTo(maxAnswer)
	// The end of a coded text may be missing without notice.
	a.cut = err != nil || len(a.text) > maxAnswer-len("\ufeff") || a.Header.Get("Content-Encoding") != ""
	return a.text, err
}

// upTo reads so many bytes of the body, without content coding and byte order mark. With an error
// comes what was read before it.
func (a *answer) upTo(most int64) ([]byte, error) {
	text, err := a.encoded(most)
	text = decoded(a.Header.Get("Content-Encoding"), text, most)
	return bytes.TrimPrefix(text, []byte("\ufeff")), err
}

// decoded undoes a content coding, which nobody asked for but some servers apply
// to errors. It gives at most so many bytes, as a few may stand for very many, and
// none of a coding that it does not know.
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
func (a *answer) encoded(most int64) ([]byte, error) {
	var late atomic.Bool
	stop := transport.AfterAwake(a.limit, func() {
		late.Store(true)
		_ = a.Body.Close()
	})
	defer stop()
	text, err := io.ReadAll(io.LimitReader(a.Body, most))
	if err != nil && late.Load() {
		err = ErrNoAnswer
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errBroken, err)
	}
	return text, err
}

// takeBody is the body, which from then on is no explanation of anything.
func (a *answer) takeBody() io.Reader {
	a.read = true
	return a.Body
}

// redirect is the other place that an answer names. A 301, 302 or 303 makes a
// GET of everything (RFC 9110, section 15.4), and a GET's success would look
// like an upload's, so only what is one already follows them.
func (a *answer) redirect() (*url.URL, error) {
	if !a.mayFollow() {
		return nil, ErrRedirect
	}
	return a.leadsTo(a.Header.Get("Location"))
}

// leadsTo is the place that a server's answer names, if a request may go there.
func (a *answer) leadsTo(location string) (*url.URL, error) {
	next, err := a.Request.URL.Parse(location)
	switch {
	case err != nil || location == "":
		return nil, fmt.Errorf("%w: it names no valid place", ErrRedirect)
	case next.Scheme != "http" && next.Scheme != "https" || next.Hostname() == "":
		return nil, fmt.Errorf("%w: it leads to no http or https URL", ErrRedirect)
	case next.Scheme == "http" && a.Request.URL.Scheme == "https":
		return nil, fmt.Errorf("%w: it leads from https to http", ErrRedirect)
	case next.User != nil:
		return nil, fmt.Errorf("%w: it has a user name in it", ErrRedirect)
	}
	if next, err = origin.ASCII(next); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRedirect, err)
	}
	return next, nil
}

func (a *answer) mayFollow() bool {
	switch a.StatusCode {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		return a.Request.Method == http.MethodGet || a.Request.Method == http.MethodHead
	}
	return false
}
