package store

import (
	"cmp"
	"errors"
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

// errEarly reports an answer which says that a body is stored that was not sent whole.
var errEarly = errors.New("it answered before it had the whole body")

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
		return false, w.explain(cmp.Or(failed, errEarly))
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
		failed = errEarly
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

// sendBytes is send for a body in memory, which it may send again.
func (w *wait) sendBytes(body []byte, upload func(from io.Reader) error) error {
	return w.call(patience, func() error {
		for try := 1; ; try++ {
			from := &timedBytes{wait: w, left: body}
			err := upload(from)
			if isWhole := from.end(); err == nil && !isWhole {
				err = errEarly
			}
			if !w.mayRepeat(try, err) {
				return err
			}
		}
	})
}

// timedBytes reads from memory, and restarts the clock of a wait whenever more is sent
// to the storage. After the storage has answered, net/http may go on reading.
type timedBytes struct {
	wait *wait

	mu    sync.Mutex
	left  []byte
	ended bool
}

func (r *timedBytes) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ended:
		return 0, errAnswered
	case len(r.left) == 0:
		return 0, io.EOF
	}
	r.wait.begin(patience)
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// end reports whether everything was read. Later calls of Read fail.
func (r *timedBytes) end() (isWhole bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	return len(r.left) == 0
}
