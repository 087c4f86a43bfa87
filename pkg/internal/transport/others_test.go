package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/iotest"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestOthersCancellations has net/http give a request the cancellation of another
// one: that is a failure of the network, and the request's own cancellation is not.
func TestOthersCancellations(t *testing.T) {
	t.Parallel()
	own := errors.New("interrupted")
	for _, other := range []error{context.Canceled, fmt.Errorf("broken: %w", context.Canceled), ErrTimeout, ErrNoAnswer} {
		for name, test := range map[string]struct {
			cause error // of the request's context
			want  error
		}{"alive": {nil, errOther}, "ended": {own, own}} {
			ctx, cancel := context.WithCancelCause(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://server/", nil)
			if err != nil {
				t.Fatal(err)
			}
			ends := func() {
				if test.cause != nil {
					cancel(test.cause)
				}
			}
			_, err = stalls{next: roundTripper(func(*http.Request) (*http.Response, error) {
				ends()
				return nil, other
			})}.RoundTrip(req)
			if err != test.want {
				t.Errorf("%v, %s: no answer: %v, want %v", other, name, err, test.want)
			}
			cancel(nil)
			ctx, cancel = context.WithCancelCause(t.Context())
			resp, err := stalls{next: roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{Body: io.NopCloser(iotest.ErrReader(other))}, nil
			})}.RoundTrip(req.WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			ends()
			for range 2 {
				if _, err := resp.Body.Read(make([]byte, 1)); err != test.want {
					t.Errorf("%v, %s: body: %v, want %v", other, name, err, test.want)
				}
			}
			resp.Body.Close()
			cancel(nil)
		}
	}
}
