package transport

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Exchange is a request and its outcome.
type Exchange struct {
	Method    string
	URL       string        // from [Redact]
	Protocol  string        // of the answer, such as "HTTP/1.1"
	Status    int           // of the answer; 0 without one
	RequestID string        // the server's; may be empty
	Err       error         // why there was no answer
	Elapsed   time.Duration // until the answer's headers
}

// counted lets requests go one after another at the limiter's rate, and reports each
// when the headers of its answer have arrived.
type counted struct {
	next    http.RoundTripper
	limiter *rate.Limiter  // of all requests; nil sets no limit
	report  func(Exchange) // may be nil
}

func (c counted) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.limiter != nil {
		if err := c.limiter.Wait(req.Context()); err != nil {
			if req.Body != nil {
				_ = req.Body.Close()
			}
			return nil, err
		}
	}
	begin := time.Now()
	resp, err := c.next.RoundTrip(req)
	if c.report == nil {
		return resp, err
	}
	exchange := Exchange{Method: req.Method, URL: Redact(req.URL), Err: err, Elapsed: time.Since(begin)}
	if err == nil {
		exchange.Protocol, exchange.Status = resp.Proto, resp.StatusCode
		exchange.RequestID = RequestID(resp.Header)
	}
	c.report(exchange)
	return resp, err
}

// RequestID returns the id with which a server's operator can find a request:
// from Vercel's, the common, or a cloud's header.
func RequestID(header http.Header) string {
	for _, name := range []string{"X-Vercel-Id", "X-Request-Id", "X-Amz-Request-Id", "X-Cloud-Trace-Context", "Cf-Ray"} {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// Redact returns a URL without what may be secret: user name, password, fragment,
// and all query values except the team's.
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
