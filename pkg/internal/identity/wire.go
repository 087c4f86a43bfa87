package identity

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

const (
	// maxAnswer is how much of an answer is read, in bytes. Real ones have a
	// few thousand.
	maxAnswer = 64 << 10
	// answerWait is how long one answer may take, from the connection to its
	// last byte.
	answerWait = 30 * time.Second
	// maxLine is the most characters that are kept of a server's text.
	maxLine = 300
)

// wire asks servers and waits for their answers, within bounds.
type wire struct {
	way   func(origin *url.URL) http.RoundTripper
	sleep func(context.Context, time.Duration) error
}

// question is one request.
type question struct {
	doing  string
	target *url.URL
	form   url.Values // sent as a POST, where it is not nil
	// token goes along to the target's origin. secrets must not come back in
	// an error.
	token   string
	secrets []string
}

// pauses come between the tries of a question.
var pauses = [...]time.Duration{time.Second, 3 * time.Second}

// passing are the statuses that another try may not meet again.
var passing = []int{
	http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
	http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// ask reads a JSON object into document. What may pass is tried again. The error
// is an [*Error], or that of ctx.
func (w wire) ask(ctx context.Context, q question, document any) error {
	for try := 0; ; try++ {
		failed := w.try(ctx, q, document)
		if failed == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if failed.Kind != Unreachable || try == len(pauses) || isLasting(failed.Err) {
			return failed
		}
		if err := w.sleep(ctx, pauses[try]); err != nil {
			return err
		}
	}
}

// isLasting tells of an error of the network whether it stays.
func isLasting(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &certificate) || errors.As(err, &record)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errSilent = fmt.Errorf("no whole answer came within %v", answerWait)

func (w wire) try(ctx context.Context, q question, document any) *Error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerWait, errSilent)
	defer cancel()
	status, header, text, err := w.send(ctx, q)
	if err != nil {
		if errors.Is(context.Cause(ctx), errSilent) {
			err = errSilent
		}
		kind := Unreachable
		if errors.Is(err, transport.ErrPlainHTTP) {
			kind = Misconfigured
		}
		return &Error{Doing: q.doing, Kind: kind, Err: err}
	}
	if status == http.StatusOK {
		if document == nil || json.Unmarshal(text, document) == nil {
			return nil
		}
		return &Error{Doing: q.doing, Kind: Untrusted, Err: errors.New("the answer is not what a token server says")}
	}
	return &Error{Doing: q.doing, Kind: kindOf(status), Err: errors.New(q.reason(status, header, text))}
}

func (w wire) send(ctx context.Context, q question) (status int, header http.Header, text []byte, err error) {
	method, body := http.MethodGet, io.Reader(nil)
	if q.form != nil {
		method, body = http.MethodPost, strings.NewReader(q.form.Encode())
	}
	req, err := http.NewRequestWithContext(transport.WithToken(ctx, q.token), method, q.target.String(), body)
	if err != nil {
		return 0, nil, nil, err
	}
	req.Close = true // the next question is far away
	req.Header.Set("Accept", "application/json")
	if q.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := w.way(q.target).RoundTrip(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, resp.Header, text, err
}

// kindOf is what a status tells of the server.
func kindOf(status int) Kind {
	switch {
	case slices.Contains(passing, status), status > 500:
		return Unreachable
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Denied
	}
	return Untrusted // a redirect, or nothing there that gives tokens
}

// reason is an answer's status with the server's own explanation: OAuth's (RFC
// 6749, section 5.2), or Vercel's.
func (q question) reason(status int, header http.Header, text []byte) string {
	reason := fmt.Sprintf("the server answered %d %s", status, http.StatusText(status))
	if status >= 300 && status <= 399 {
		reason += ", and a redirect is not followed with a token"
		if place, err := q.target.Parse(header.Get("Location")); err == nil && place.Host != "" {
			reason += ": it leads to " + q.oneLine(place.Scheme+"://"+place.Host)
		}
		return reason
	}
	var told struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Message     string          `json:"message"`
	}
	if json.Unmarshal(bytes.TrimSpace(text), &told) != nil {
		return reason
	}
	var code string
	var nested struct{ Code, Message string }
	if json.Unmarshal(told.Error, &code) != nil && json.Unmarshal(told.Error, &nested) == nil {
		code, told.Message = nested.Code, nested.Message
	}
	for _, part := range []string{code, told.Description, told.Message} {
		if part != "" {
			reason += ": " + q.oneLine(part)
		}
	}
	return reason
}

// oneLine is a server's text without secrets, as one printable line.
func (q question) oneLine(text string) string {
	return redact.New(append(q.secrets, q.token)...).Line(text, maxLine)
}

// endpoint is an address of a server that gets a secret. Its errors do not repeat
// what may be one.
func endpoint(raw string) (*url.URL, error) {
	u, err := usertext.ParseURL(raw)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it must begin with https://")
	case u.User != nil:
		return nil, errors.New("it has a user name or password in it")
	}
	u.Fragment, u.RawFragment = "", ""
	return origin.ASCII(u)
}
