package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
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

// TestHungUp has the server hang up on a connection before the request is written.
func TestHungUp(t *testing.T) {
	t.Parallel()
	for range 200 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if conn, err := listener.Accept(); err == nil {
				conn.Close()
			}
		}()
		way := stalls{next: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err == nil {
				time.Sleep(time.Millisecond)
			}
			return conn, err
		}}}
		_, err = exchange(way, "http://"+listener.Addr().String(), -1)
		if err == nil || strings.Contains(err.Error(), closedIdle) {
			t.Errorf("%v", err)
		}
		listener.Close()
	}
}
