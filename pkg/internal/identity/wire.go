package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
	"github.com/artifact-cli/artifact/pkg/internal/retry"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// answerWait limits the time from the connection to the last byte of the answer.
const answerWait = 30 * time.Second

// maxRetries is the number of retries of a request.
const maxRetries = 2

// wire asks servers for JSON.
type wire struct {
	transport func(origin *url.URL) http.RoundTripper
	retries   retry.Loop
}

// question is a request.
type question struct {
	doing  string
	target *url.URL
	form   url.Values // sent with POST, if not nil
	// token is sent to the target's origin. It and secrets must not appear in an
	// error.
	token   string
	secrets []string
}

// ask decodes the answer into document, with retries. The error is an [*Error] or
// ctx's.
func (w wire) ask(ctx context.Context, q question, document any) error {
	var failed *Error
	err := w.retries.Do(ctx, func() (outcome retry.Outcome) {
		failed, outcome = w.try(ctx, q, document)
		return outcome
	}, func(time.Duration) {})
	switch {
	case failed == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		failed.Err = fmt.Errorf("%w: %w", failed.Err, err)
	}
	return failed
}

var errSilent = fmt.Errorf("no complete answer came within %v", answerWait)

// try asks once.
func (w wire) try(ctx context.Context, q question, document any) (*Error, retry.Outcome) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerWait, errSilent)
	defer cancel()
	failure := func(kind Kind, err error) *Error { return &Error{Doing: q.doing, Kind: kind, Err: err} }
	lost := func(err error) (*Error, retry.Outcome) {
		switch {
		case errors.Is(err, transport.ErrPlainHTTP):
			return failure(Misconfigured, err), retry.Outcome{}
		case errors.Is(context.Cause(ctx), errSilent):
			err = errSilent
		}
		return failure(Unreachable, err), retry.Outcome{Again: retry.IsTransient(err)}
	}
	resp, err := w.send(ctx, q)
	if err != nil {
		return lost(err)
	}
	defer resp.Body.Close()
	answer := reply.New(resp, redact.New(append(q.secrets, q.token)...), answerWait)
	text, err := answer.Beginning()
	if err != nil {
		return lost(err)
	}
	if resp.StatusCode == http.StatusOK {
		if document == nil || json.Unmarshal(text, document) == nil {
			return nil, retry.Outcome{}
		}
		return failure(Untrusted, errors.New("the answer does not come from a token server")), retry.Outcome{}
	}
	return failure(kindOf(resp.StatusCode), errors.New(q.reason(&answer))),
		retry.Outcome{Again: retry.IsTransientStatus(resp.StatusCode), After: resp.Header.Get("Retry-After")}
}

func (w wire) send(ctx context.Context, q question) (*http.Response, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if q.form != nil {
		method, body = http.MethodPost, strings.NewReader(q.form.Encode())
	}
	req, err := http.NewRequestWithContext(transport.WithToken(ctx, q.token, nil), method, q.target.String(), body)
	if err != nil {
		return nil, err
	}
	req.Close = true // the next request is far off
	req.Header.Set("Accept", "application/json")
	if q.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return w.transport(q.target).RoundTrip(req)
}

// kindOf returns the kind of error that a status means.
func kindOf(status int) Kind {
	switch {
	case retry.IsTransientStatus(status), status > 500:
		return Unreachable
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Denied
	}
	return Untrusted // a redirect, or no token server
}

// reason returns an answer's status with the server's own explanation.
func (q question) reason(answer *reply.Reply) string {
	status := answer.StatusCode
	reason := fmt.Sprintf("the server answered %d %s", status, http.StatusText(status))
	if status >= 300 && status <= 399 {
		reason += ", and the token is not sent to where a redirect leads"
		if place, err := q.target.Parse(answer.Header.Get("Location")); err == nil && place.Host != "" {
			reason += ": it leads to " + answer.Line(place.Scheme+"://"+place.Host, reply.MaxLine)
		}
		return reason
	}
	code, message := answer.Explanation()
	for _, part := range []string{code, message} {
		if part != "" {
			reason += ": " + part
		}
	}
	return reason
}

// endpoint parses the URL of a server that gets a secret. Its errors do not
// contain secrets.
func endpoint(raw string) (*url.URL, error) {
	u, err := usertext.ParseURL(raw)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it must begin with https://")
	case u.User != nil:
		return nil, errors.New("it contains a user name or password")
	}
	u.Fragment, u.RawFragment = "", ""
	return origin.ASCII(u)
}
