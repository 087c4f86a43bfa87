package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// The ends of a body that is not sent whole.
var (
	errAnswered = errors.New("the storage has answered")
	errUnsent   = errors.New("the upload was given up")
)

// send passes body to upload through a pipe, while upload runs in a goroutine. So body
// is only read by the caller's goroutine, where it may panic, and never after send has
// returned. begun is false if nothing of body was read.
//
// The clock of w must run when send is called. It stops while body is read. upload may
// take settle to return after the last byte.
func (w *wait) send(body io.Reader, settle time.Duration, upload func(from io.Reader) error) (begun bool, err error) {
	from, to := io.Pipe()
	wanted, answered := make(chan struct{}), make(chan struct{})
	var failed error
	go func() {
		defer close(answered)
		failed = fault.Catch(func() error {
			return upload(&notifying{Reader: from, notify: sync.OnceFunc(func() { close(wanted) })})
		})
		_ = from.CloseWithError(errAnswered)
	}()
	select {
	case <-answered:
		fault.Raise(failed)
		return false, w.explain(failed)
	case <-wanted:
		w.pause()
	}
	sent := false
	defer func() {
		if !sent {
			_ = to.CloseWithError(errUnsent)
			w.end()
		}
		<-answered
	}()
	writer := &timedWriter{wait: w, to: to}
	_, err = io.CopyBuffer(writer, body, make([]byte, copySize))
	if err != nil && !writer.failed {
		return true, err
	}
	sent = true
	w.begin(settle)
	_ = to.Close()
	<-answered
	w.pause()
	fault.Raise(failed)
	if failed == nil && err != nil {
		return true, fmt.Errorf("%w: it answered before it had the whole body", ErrUnavailable)
	}
	return true, w.explain(failed)
}

// notifying calls notify when it is first read.
type notifying struct {
	io.Reader
	notify func()
}

func (r *notifying) Read(p []byte) (int, error) {
	r.notify()
	return r.Reader.Read(p)
}
