package transport

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptrace"
)

type lateKey struct{}

// WithLateHeaders makes a context for a request some of whose headers are not
// known yet. A connection is made meanwhile; headers is called once that stands,
// for each try, for their names and values, and may block until ctx ends.
func WithLateHeaders(ctx context.Context, headers func() iter.Seq2[string, string]) context.Context {
	return context.WithValue(ctx, lateKey{}, headers)
}

// lateHeaders completes a request when net/http has a connection for it and
// has written nothing yet. It has to be the innermost layer, since every other
// one copies the headers.
type lateHeaders struct {
	next http.RoundTripper
}

func (l lateHeaders) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Context().Value(lateKey{}) == nil {
		return l.next.RoundTrip(req)
	}
	var own *http.Request
	own = withOwnHeader(req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		// Called by the goroutine that is about to send the headers.
		GotConn: func(httptrace.GotConnInfo) {
			for name, value := range lateHeadersOf(req) {
				own.Header.Set(name, value)
			}
		},
	})))
	return l.next.RoundTrip(own)
}

// lateHeadersOf are those of a request for which a connection stands.
func lateHeadersOf(req *http.Request) iter.Seq2[string, string] {
	headers, _ := req.Context().Value(lateKey{}).(func() iter.Seq2[string, string])
	if headers == nil {
		return func(func(string, string) bool) {}
	}
	return headers()
}
