package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
	"github.com/artifact-cli/artifact/pkg/internal/retry"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// request is one call of the API. It may take several attempts, each with several
// redirects.
type request struct {
	doing  string      // in the user's terms, such as "uploading"
	id     artifact.ID // of the artifact, if it is about one
	name   string      // what the caller calls it
	method string
	target *url.URL
	header http.Header
	// asks are the headers that a preflight lists; empty for a request without
	// one.
	asks string
	// body is read again for each attempt; it may be nil.
	body     *artifact.Source
	progress Progress // may be nil
	// receive reads a successful answer. An error that wraps reply.ErrBroken is
	// an error of the network; any other is final.
	receive func(*answer) error
}

// maxRedirects is the maximum number of redirects that a request follows.
const maxRedirects = 5

// do makes a request, with retries. It returns the number of attempts, and an
// [*Error] if none succeeded.
func (c *Client) do(ctx context.Context, r request) (attempts int, err error) {
	ctx, cancel := transport.WithTimeout(ctx, c.timeout, ErrTimeout)
	defer cancel()
	var failed *Error
	err = c.retries.Do(ctx, func() retry.Outcome {
		attempts++
		if failed = c.tryInTurn(ctx, r); failed == nil {
			return retry.Outcome{}
		}
		failed.Attempts = attempts
		return retry.Outcome{Again: failed.isTransient(), After: failed.retryAfter}
	}, func(pause time.Duration) {
		if c.onRetry != nil {
			c.onRetry(Retry{Err: failed, Pause: pause, Attempt: attempts})
		}
	})
	if failed == nil {
		return attempts, nil
	}
	var later *retry.LaterError
	switch {
	case errors.As(err, &later):
		failed.Err, failed.RetryAfter = ErrRetryAfter, later.After
	case err != nil:
		failed.Err = err
	}
	return attempts, failed
}

// tryInTurn makes one attempt when the pace allows it.
func (c *Client) tryInTurn(ctx context.Context, r request) *Error {
	era, err := c.pace.begin(ctx)
	if err != nil {
		return r.failure(r.target, cmp.Or(context.Cause(ctx), err))
	}
	failed := c.try(ctx, r)
	c.pace.end(era, failed)
	return failed
}

// try makes one attempt, and another if the server refuses a token that can be
// renewed.
func (c *Client) try(ctx context.Context, r request) *Error {
	for again := false; ; again = true {
		token, err := c.tokens.Token(ctx)
		if err != nil {
			return r.failure(r.target, cmp.Or(context.Cause(ctx), fmt.Errorf("%w: %w", ErrNoToken, err)))
		}
		failed := c.begin(transport.WithToken(ctx, token, nil), r, token)
		if again || !failed.refuses() || !c.tokens.Refused(token) {
			return failed
		}
	}
}

// begin makes a request. It sends a preflight each time, since its URL may be
// valid only once.
func (c *Client) begin(ctx context.Context, r request, token string) *Error {
	if !c.preflight || r.asks == "" {
		return c.follow(ctx, r, r.target, token)
	}
	at, failed := c.sendPreflight(ctx, r, token)
	if failed != nil {
		return failed
	}
	failed = c.follow(at.withToken(ctx, token), r, at.target, token)
	at.explain(failed, c.base, token)
	return failed
}

// follow makes a request at target, and follows redirects.
func (c *Client) follow(ctx context.Context, r request, target *url.URL, token string) *Error {
	for redirects := 0; ; redirects++ {
		next, failed := c.send(ctx, r, target, token)
		if next == nil || failed != nil {
			return failed
		}
		if redirects == maxRedirects {
			return r.failure(target, ErrTooManyRedirects)
		}
		target = next
	}
}

// send makes one request, and returns the target of a redirect. The token is in
// ctx, and must not appear in an error.
func (c *Client) send(ctx context.Context, r request, target *url.URL, token string) (next *url.URL, failed *Error) {
	// The transport changes copies of the headers and the URL.
	req := (&http.Request{
		Method: r.method, URL: target, Host: target.Host, Header: r.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, // needed for Expect: 100-continue
	}).WithContext(ctx)
	var sent *sending
	if r.body != nil {
		sent = &sending{source: r.body, progress: r.progress}
		defer sent.stop()
		if err := sent.attach(req); err != nil {
			return nil, r.failure(target, err)
		}
	}
	resp, err := c.way.RoundTrip(req)
	if err != nil {
		err = c.explain(err)
		if sent != nil {
			err = cmp.Or(sent.refusal(), context.Cause(ctx), err)
		}
		return nil, r.failure(target, cmp.Or(context.Cause(ctx), err))
	}
	defer resp.Body.Close()
	c.redactor.Add(token)
	return r.settle(&answer{reply.New(resp, c.redactor, c.answerTimeout)})
}

// brokenConnection matches the prefixes of net/http's untyped errors.
var brokenConnection = regexp.MustCompile(`^(net/http: (HTTP/1\.x transport connection broken|Transport failed to read from server)|readLoopPeekFailLocked): `)

// explain returns a clearer error for some errors of the connection, TLS and
// HTTP.
func (c *Client) explain(err error) error {
	var network net.Error
	words := brokenConnection.FindString(err.Error())
	reason, broken := err.Error()[len(words):], words != ""
	proxy, isOfProxy := errors.AsType[*transport.ProxyError](err)
	switch {
	case isOfProxy:
		return (*ProxyError)(proxy)
	case errors.Is(err, transport.ErrFraming):
		return fmt.Errorf("%w: %w", ErrNotRemoteCache, err)
	case errors.As(err, &network) && broken && !transport.IsCertificateRefusal(err):
		return &explainedError{reason, err}
	case errors.As(err, &network): // the error is clear, or one of TLS
		return c.tlsReason(err)
	case errors.Is(err, io.EOF):
		return &explainedError{"the server closed the connection without an answer", err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &explainedError{"the server closed the connection in the middle of its answer", err}
	case broken:
		return &explainedError{"the answer is not valid HTTP: " + reason, err}
	}
	return c.tlsReason(err)
}

// settle decides what an answer means.
func (r request) settle(a *answer) (next *url.URL, failed *Error) {
	switch {
	case a.StatusCode == 0: // from "000"; in an [Error], 0 means that there was no answer
		return nil, r.failure(a.Request.URL, errNoStatus)
	case a.StatusCode >= 300 && a.StatusCode <= 399:
		next, err := a.redirect()
		if err != nil {
			return nil, r.refused(a, err)
		}
		return next, nil
	case a.StatusCode < 200 || a.StatusCode > 299:
		return nil, r.refused(a, nil)
	}
	if err := r.receive(a); err != nil {
		return nil, r.refused(a, err)
	}
	return nil, nil
}

// failure returns the error of a request without an answer.
func (r request) failure(target *url.URL, err error) *Error {
	return &Error{Doing: r.doing, ID: r.id, Name: r.name, Method: r.method, URL: transport.Redact(target), Err: err}
}

// refused returns the error for an answer. reason may be nil if the status says
// enough.
func (r request) refused(a *answer, reason error) *Error {
	failed := r.failure(a.Request.URL, reason)
	failed.Status = a.StatusCode
	failed.Code, failed.Message = a.Explanation()
	failed.RequestID = a.Line(transport.RequestID(a.Header), reply.MaxLine)
	failed.By, failed.Location = r.responder(a), r.cacheAt(a)
	failed.retryAfter = a.Header.Get("Retry-After")
	failed.redirected = a.Request.URL.String() != r.target.String()
	return failed
}

// DefaultRetries is the recommended number of retries of a request.
const DefaultRetries = 4

// ErrRetryAfter reports a server that asked for a pause of more than two minutes.
var ErrRetryAfter = errors.New("the server asks to try again later")

// Retry describes a retry of a request, before its pause.
type Retry struct {
	// Err is the reason.
	Err *Error
	// Attempt is the number of the attempt that failed, starting at 1.
	Attempt int
	// Pause is the time until the next attempt.
	Pause time.Duration
}

// isTransient reports whether another attempt may succeed. A PUT is retried even
// if its answer was lost, since it is idempotent.
func (e *Error) isTransient() bool {
	if e.Status != 0 && e.Err == nil {
		return retry.IsTransientStatus(e.Status)
	}
	if e.Status != 0 {
		return errors.Is(e.Err, reply.ErrBroken)
	}
	var proxy *ProxyError
	if errors.As(e.Err, &proxy) {
		return retry.IsTransientStatus(proxy.Status)
	}
	var broken *fault.Error
	for _, lasting := range []error{
		artifact.ErrChanged, ErrPlainHTTP, ErrProxyAddress, ErrTooManyRedirects, context.Canceled, ErrTimeout,
		ErrNoToken, ErrNotRemoteCache, ErrCertificateRefused, ErrCertificateWanted, ErrOldTLS,
	} {
		if errors.Is(e.Err, lasting) {
			return false
		}
	}
	return !errors.As(e.Err, &broken) && retry.IsTransient(e.Err)
}
