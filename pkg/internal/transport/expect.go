package transport

import (
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// expectFrom is the smallest body that waits for the server's consent. Below
// it, asking costs more than a refused upload.
const expectFrom = 1 << 20

// expectContinue sends large bodies with "Expect: 100-continue" (RFC 9110,
// section 10.1.1), so that a server that refuses them need not be sent them.
// The first server that does not know it, by silence or by 417, ends that for
// all later requests.
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
	silence := time.AfterFunc(e.timeout, func() { e.useless.Store(true) })
	silence.Stop() // until the server is waited for
	defer silence.Stop()
	asking := req.Clone(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		Wait100Continue: func() { silence.Reset(e.timeout) },
		Got100Continue:  func() { silence.Stop() },
	}))
	asking.Header.Set("Expect", "100-continue")
	return e.next.RoundTrip(asking)
}

// withFreshBody is req with its body opened anew.
func withFreshBody(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	if req.GetBody == nil {
		return again, nil
	}
	body, err := req.GetBody()
	again.Body = body
	return again, err
}
