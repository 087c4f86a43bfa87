package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// maxAnswer is how much of an answer to an upload is read, in bytes. A real one
// has a few hundred.
const maxAnswer = 64 << 10

// answer is a response whose body was read to the cap.
type answer struct {
	*http.Response
	body []byte
	// secret is the token that must not come back in an error.
	secret string
}

func readAnswer(resp *http.Response, secret string) (answer, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("reading the server's answer: %w", err)
	}
	return answer{Response: resp, body: body, secret: secret}, nil
}

// redirect is the other place that a 307 or 308 names (RFC 9110, sections
// 15.4.8 and 15.4.9). The remaining 3xx are errors: most turn a PUT into a GET,
// whose success would look like an upload's.
func (a answer) redirect() (*url.URL, error) {
	if a.StatusCode < 300 || a.StatusCode > 399 {
		return nil, nil
	}
	next, err := a.Request.URL.Parse(a.Header.Get("Location"))
	if err != nil || a.Header.Get("Location") == "" {
		return nil, fmt.Errorf("%w: it names no valid place", ErrRedirect)
	}
	switch {
	case a.StatusCode != http.StatusTemporaryRedirect && a.StatusCode != http.StatusPermanentRedirect:
		return nil, ErrRedirect
	case next.Scheme != "http" && next.Scheme != "https" || next.Hostname() == "":
		return nil, fmt.Errorf("%w: it leads to no http or https URL", ErrRedirect)
	case next.Scheme == "http" && a.Request.URL.Scheme == "https":
		return nil, fmt.Errorf("%w: it leads from https to http", ErrRedirect)
	case next.User != nil:
		return nil, fmt.Errorf("%w: it has a user name in it", ErrRedirect)
	}
	return next, nil
}

// check tells why the answer to an upload is no success, where it is none; an
// error status speaks for itself.
func (a answer) check(bodyComplete bool) error {
	switch {
	case a.StatusCode < 200 || a.StatusCode > 299:
		return errStatus
	case a.StatusCode == http.StatusPartialContent || a.looksLikePage():
		return ErrNotRemoteCache
	case !bodyComplete:
		return ErrAnsweredEarly
	}
	return nil
}

func (a answer) looksLikePage() bool {
	return a.mediaType() == "text/html" || bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<"))
}

func (a answer) mediaType() string {
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// urls are those of a successful answer, where it has the documented form.
func (a answer) urls() []string {
	var uploaded api.Uploaded
	if json.Unmarshal(a.body, &uploaded) != nil {
		return nil
	}
	return uploaded.URLs
}

// failure makes the answer an error. A status that is an error by itself needs
// no further reason.
func (a answer) failure(id artifact.ID, reason error) error {
	if reason == nil {
		return nil
	}
	if reason == errStatus {
		reason = nil
	}
	code, message := a.explanation()
	if message == fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)) {
		message = "" // a proxy's page repeats the status
	}
	e := &Error{
		ID: id, Method: a.Request.Method, URL: transport.Redact(a.Request.URL),
		Status: a.StatusCode, Code: code, Message: message,
		RequestID: a.oneLine(transport.RequestID(a.Header)), Err: reason,
	}
	if place, err := a.Request.URL.Parse(a.Header.Get("Location")); err == nil && place.Host != "" && a.Header.Get("Location") != "" {
		e.Location = a.oneLine(place.Scheme + "://" + place.Host)
	}
	return e
}
