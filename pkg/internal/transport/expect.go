package transport

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// expectFrom is the minimum size of a body, in bytes, that is sent with Expect.
// For a smaller one, a round trip costs more than a refusal.
const expectFrom = 1 << 20

// expectContinue sends large bodies with "Expect: 100-continue" (RFC 9110,
// section 10.1.1), so that a server can refuse them first. If a server does not
// support it, by silence or 417, later requests do without.
type expectContinue struct {
	next    http.RoundTripper
	timeout time.Duration
	useless atomic.Bool
}

func (e *expectContinue) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.ContentLength <= expectFrom || e.useless.Load() {
		return e.next.RoundTrip(req)
	}
	resp, err := e.ask(req)
	if err != nil || resp.StatusCode != http.StatusExpectationFailed {
		return resp, err
	}
	e.useless.Store(true)
	again, bodyErr := withFreshBody(req)
	if bodyErr != nil {
		return resp, nil
	}
	resp.Body.Close()
	return e.next.RoundTrip(again)
}

func (e *expectContinue) ask(req *http.Request) (*http.Response, error) {
	c := &consent{owner: e, given: make(chan struct{}), over: make(chan struct{})}
	end := sync.OnceFunc(func() { close(c.over) })
	asking := req.Clone(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotFirstResponseByte: func() { c.heard.Store(true) },
		Got100Continue:       sync.OnceFunc(func() { close(c.given) }),
	}))
	asking.Header.Set("Expect", "100-continue")
	asking.Body = &consentedBody{ReadCloser: req.Body, consent: c}
	asking.GetBody = func() (io.ReadCloser, error) {
		body, err := req.GetBody()
		return &consentedBody{ReadCloser: body, consent: c}, err
	}
	resp, err := e.next.RoundTrip(asking)
	if err != nil {
		end()
		return nil, err
	}
	resp.Body = &closingBody{resp.Body, end}
	return resp, nil
}

// consent is a server's agreement to read a body.
type consent struct {
	owner *expectContinue
	heard atomic.Bool   // it has sent anything
	given chan struct{} // closed when it said 100
	over  chan struct{} // closed when the answer was read, or there was none
}

var errRefused = errors.New("the server answered before it asked for the body")

// consentedBody is a body that needs consent. net/http would also read it after a
// refusal, to reuse the connection, and so send the whole upload.
type consentedBody struct {
	io.ReadCloser
	consent *consent
	asked   bool
}

func (b *consentedBody) Read(p []byte) (int, error) {
	if !b.asked {
		if err := b.consent.await(); err != nil {
			return 0, err
		}
		b.asked = true
	}
	return b.ReadCloser.Read(p)
}

// await returns nil once the body may be sent. It returns an error only after the
// answer was read, since that error closes the connection.
func (c *consent) await() error {
	select {
	case <-c.given:
		return nil
	default:
	}
	if !c.heard.Load() {
		c.owner.useless.Store(true)
		return nil
	}
	interim := time.NewTimer(c.owner.timeout) // it may have been another 1xx
	defer interim.Stop()
	select {
	case <-c.given:
		return nil
	case <-interim.C:
		return nil
	case <-c.over:
		return errRefused
	}
}

// closingBody calls closed when it is closed.
type closingBody struct {
	io.ReadCloser
	closed func()
}

// Close closes the body.
func (b *closingBody) Close() error {
	defer b.closed()
	return b.ReadCloser.Close()
}

// withFreshBody returns req with its body opened again.
func withFreshBody(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	if req.GetBody == nil {
		return again, nil
	}
	body, err := req.GetBody()
	again.Body = body
	return again, err
}
