package transport

import (
	"context"
	"net/http"
	"net/http/httptrace"
)

type lateKey struct{}

// WithLateHeaders makes a context for a request some of whose headers are not
// known yet. A connection is made meanwhile; set is called once that stands,
// for each try, to add its own to the headers, and may block until ctx ends.
func WithLateHeaders(ctx context.Context, set func(http.Header)) context.Context {
	return context.WithValue(ctx, lateKey{}, set)
}

// lateHeaders completes a request when net/http has a connection for it and
// has written nothing yet. It has to be the innermost layer, since every other
// one copies the headers.
type lateHeaders struct {
	next http.RoundTripper
}

func (l lateHeaders) RoundTrip(req *http.Request) (*http.Response, error) {
	set := lateSetter(req)
	if set == nil {
		return l.next.RoundTrip(req)
	}
	var own *http.Request
	own = withOwnHeader(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		// Called by the goroutine that is about to send the headers.
		GotConn: func(httptrace.GotConnInfo) { set(own.Header) },
	})))
	return l.next.RoundTrip(own)
}

func lateSetter(req *http.Request) func(http.Header) {
	set, _ := req.Context().Value(lateKey{}).(func(http.Header))
	return set
}
