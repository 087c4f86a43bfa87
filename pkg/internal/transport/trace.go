package transport

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Exchange is one request and what came of it.
type Exchange struct {
	Method string
	// URL is the request's, as [Redact] leaves it.
	URL string
	// Protocol is the answer's, such as "HTTP/1.1".
	Protocol string
	// Status is the answer's code, or 0 where there was no answer.
	Status int
	// RequestID is the server's own name for the request, where it gave one.
	RequestID string
	// Err says why there was no answer.
	Err error
	// Elapsed is the time to the answer's headers.
	Elapsed time.Duration
}

// traced reports each exchange when its answer's headers are there.
type traced struct {
	next   http.RoundTripper
	report func(Exchange)
}

func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.report == nil {
		return t.next.RoundTrip(req)
	}
	begin := time.Now()
	resp, err := t.next.RoundTrip(req)
	exchange := Exchange{Method: req.Method, URL: Redact(req.URL), Err: err, Elapsed: time.Since(begin)}
	if err == nil {
		exchange.Protocol, exchange.Status = resp.Proto, resp.StatusCode
		exchange.RequestID = RequestID(resp.Header)
	}
	t.report(exchange)
	return resp, err
}

// RequestID is the name that a server gave to a request, for its operators to
// find it: Vercel's, the common one, or those of two clouds.
func RequestID(header http.Header) string {
	for _, name := range []string{"X-Vercel-Id", "X-Request-Id", "X-Amz-Request-Id", "X-Cloud-Trace-Context", "Cf-Ray"} {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// Redact is a URL without what may be secret: user name and password, the
// fragment, and every query value but the team's.
func Redact(u *url.URL) string {
	shown := *u
	shown.User, shown.Fragment, shown.RawFragment = nil, "", ""
	query := shown.Query()
	for name := range query {
		if name != "teamId" && name != "slug" {
			query.Set(name, "***")
		}
	}
	shown.RawQuery = strings.ReplaceAll(query.Encode(), "%2A%2A%2A", "***")
	return shown.String()
}
