package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// renewing leaves a transport, with its connections, when a request over it did
// not get on. HTTP/1.1 closes the connection of such a request; HTTP/2 would
// keep it, dead as it may be, for the next try.
type renewing struct {
	renew func() *http.Transport

	mu      sync.Mutex
	current *http.Transport
}

func newRenewing(renew func() *http.Transport) *renewing {
	return &renewing{renew: renew, current: renew()}
}

func (r *renewing) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	network := r.current
	r.mu.Unlock()
	leave := func() {
		cause := context.Cause(req.Context())
		if errors.Is(cause, ErrStalled) || errors.Is(cause, ErrNoAnswer) {
			r.leave(network)
		}
	}
	resp, err := network.RoundTrip(req)
	if err != nil {
		leave()
		return nil, err
	}
	resp.Body = &leavingBody{ReadCloser: resp.Body, leave: leave}
	return resp, nil
}

// leave takes another transport for what comes next. What is under way over the
// old one goes on.
func (r *renewing) leave(network *http.Transport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == network {
		r.current = r.renew()
		network.CloseIdleConnections()
	}
}

// leavingBody looks at its end whether it stood still.
type leavingBody struct {
	io.ReadCloser
	leave func()
}

// Close closes the body.
func (b *leavingBody) Close() error {
	b.leave()
	return b.ReadCloser.Close()
}
