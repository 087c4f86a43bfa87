package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// Access describes a request for a log, without secrets: it omits the query, the
// headers and the body.
type Access struct {
	Method         string // at most 32 characters
	Path           string // percent-encoded, at most 1,024 characters
	Status         int    // of the answer, 0 if there was none
	Received, Sent int64  // bytes of the bodies
	// Duration is from the end of the request's headers to the end of the
	// answer's body.
	Duration time.Duration
	// Err is an error of the storage or the connection that the answer does not
	// describe. It may be nil.
	Err error
	// Failed is set if the server or its storage failed.
	Failed bool
	// Routine is set for a successful check of health or read of the metrics. They
	// come every few seconds.
	Routine bool
}

// The longest path and method in a log, longer than any of the API's.
const (
	maxLoggedPath   = 1024
	maxLoggedMethod = 32
)

// retryAfter is how long a client should wait while the storage fails, in seconds.
const retryAfter = "5"

// exchange is a request and its answer.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	limits  Limits
	segment string // an artifact's id in the path, encoded

	permission permission // of the request's token
	began      time.Time
	body       *pacedBody
	status     int
	sent       int64
	err        error
	failed     bool // as in Access
	routine    bool // as in Access
}

func newExchange(w http.ResponseWriter, r *http.Request, limits Limits) *exchange {
	x := &exchange{w: w, r: r, control: http.NewResponseController(w), limits: limits, began: time.Now()}
	x.body = &pacedBody{body: r.Body, control: x.control, window: limits.Window, budget: limits.Window, ended: r.ContentLength == 0}
	if !x.body.ended {
		// net/http would wait without limit for the end of an unread body.
		_ = x.control.SetReadDeadline(x.began.Add(limits.Window))
	}
	return x
}

// ctx does not end with the connection. net/http would cancel it when a client
// closes only its own half, but a complete request must be answered. Reading or
// writing soon fails if the client is gone.
func (x *exchange) ctx() context.Context { return context.WithoutCancel(x.r.Context()) }

func (x *exchange) access() Access {
	path := x.r.URL.EscapedPath()
	return Access{
		Method: x.r.Method[:min(len(x.r.Method), maxLoggedMethod)], Path: path[:min(len(path), maxLoggedPath)], Status: x.status,
		Received: x.body.received, Sent: x.sent, Duration: time.Since(x.began), Err: x.err, Failed: x.failed, Routine: x.routine && x.err == nil,
	}
}

// begin sends the status and headers, at the latest with the first byte of the
// body.
func (x *exchange) begin(status int) {
	x.status = status
	if !x.body.ended {
		// So net/http does not read the rest before it answers.
		x.w.Header().Set("Connection", "close")
	}
	x.extend()
	x.w.WriteHeader(status)
}

// extend gives the client another window to receive what is written next. Writers
// in tests have no deadlines.
func (x *exchange) extend() { _ = x.control.SetWriteDeadline(time.Now().Add(x.limits.Window)) }

// Write writes to the body of an answer, after begin.
func (x *exchange) Write(p []byte) (int, error) {
	x.extend()
	n, err := x.w.Write(p)
	x.sent += int64(n)
	return n, unsent(err)
}

func (x *exchange) empty(status int) {
	x.w.Header().Set("Content-Length", "0")
	x.begin(status)
}

// jsonType is the Content-Type of documents.
const jsonType = "application/json"

// json answers with a document. To HEAD it sends only the status, without the
// type: clients fail to parse an empty body as JSON.
func (x *exchange) json(status int, document any) error {
	if x.r.Method == http.MethodHead {
		x.begin(status)
		return nil
	}
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	header := x.w.Header()
	header.Set("Content-Type", jsonType)
	header.Set("Content-Length", strconv.Itoa(len(text)))
	x.begin(status)
	_, err = x.Write(text)
	return err
}

// note remembers err for the log, which needs only one of a query's thousands, and
// returns the answer to it.
func (x *exchange) note(err error) *failure {
	failure := asFailure(err)
	if x.err == nil {
		x.err = failure.cause
	}
	x.failed = x.failed || failure.status >= http.StatusInternalServerError || errors.Is(err, store.ErrCorrupt)
	return failure
}

// fail answers with err. If an answer has begun, it is cut off: net/http closes the
// connection when the body is shorter than announced.
func (x *exchange) fail(err error) {
	failure := x.note(err)
	if x.status != 0 {
		if x.w.Header().Get("Content-Length") == "" {
			// In chunks, as for a query: the last one must not be sent.
			_ = x.control.SetWriteDeadline(x.began)
		}
		return
	}
	if failure.status == http.StatusServiceUnavailable {
		x.w.Header().Set("Retry-After", retryAfter)
	}
	detail := api.FailureDetail{Code: failure.code, Message: failure.message}
	if err := x.json(failure.status, api.Failure{Error: detail, FailureDetail: detail}); err != nil {
		x.err = errors.Join(x.err, asFailure(err).cause)
		return
	}
	if !x.body.ended && !x.body.lost() {
		x.linger()
	}
}

// linger lets the client read the answer. Many clients send the whole body first.
// If the server closed the connection meanwhile, that would reset it, and the
// client would lose the answer.
func (x *exchange) linger() {
	if x.control.Flush() != nil || x.control.SetReadDeadline(time.Now().Add(x.limits.Linger)) != nil {
		return
	}
	// Not through pacedBody, whose deadlines would replace this one. The result
	// does not matter.
	_, _ = io.Copy(io.Discard, x.r.Body)
}
