package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	// patience is how long a call waits for the storage without progress. With
	// continueAfter it stays below the 5 seconds in which a client gets its
	// answer.
	patience = 3 * time.Second
	// continueAfter is how long an upload waits for the storage to ask for the
	// body.
	continueAfter = time.Second
	// settleRate is how fast storage puts a large object in its place, in bytes
	// per second: the answer to an upload may take this much longer.
	settleRate = 32 << 20
)

// errStalled reports storage that makes no progress.
var errStalled = fmt.Errorf("%w: no answer for %v", ErrUnavailable, patience)

// wait is a context for calls to the storage. It ends when the storage makes no
// progress. The time of the client does not count: the clock runs only between
// begin and pause.
type wait struct {
	context.Context //nolint:containedctx // it is one
	stop            context.CancelCauseFunc
	clock           *time.Timer
}

func newWait(ctx context.Context) *wait {
	ctx, stop := context.WithCancelCause(ctx)
	w := &wait{Context: ctx, stop: stop, clock: time.AfterFunc(patience, func() { stop(errStalled) })}
	w.pause()
	return w
}

func (w *wait) begin(limit time.Duration) { w.clock.Reset(limit) }

func (w *wait) pause() { w.clock.Stop() }

// end must be called when no call uses the context any more.
func (w *wait) end() {
	w.pause()
	w.stop(context.Canceled)
}

// call runs a call that does not read from or write to a client.
func (w *wait) call(limit time.Duration, f func() error) error {
	w.begin(limit)
	err := f()
	w.pause()
	return w.explain(err)
}

// mayRepeat reports whether to try a call again after its try number try, which
// returned err.
func (w *wait) mayRepeat(try int, err error) bool {
	return err != nil && try < tries && w.Err() == nil && isTemporary(err)
}

// isTemporary reports whether the same call may succeed when it is repeated.
func isTemporary(err error) bool {
	var answer minio.ErrorResponse
	return !errors.As(err, &answer) || answer.StatusCode >= http.StatusInternalServerError ||
		answer.StatusCode == http.StatusTooManyRequests
}

// explain returns an error of the storage as one of a [Store]: the error of the
// context if it has ended, and otherwise usually [ErrUnavailable].
func (w *wait) explain(err error) error {
	var answer minio.ErrorResponse
	switch {
	case err == nil:
		return nil
	case w.Err() != nil:
		return context.Cause(w)
	case !errors.As(err, &answer):
	case answer.Code == minio.EntityTooLarge:
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case answer.StatusCode == http.StatusInsufficientStorage:
		return fmt.Errorf("%w: %w", ErrFull, reason(err))
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, reason(err))
}

// reason returns an error of minio-go with the code of the answer, such as
// SlowDown, which its text lacks.
func reason(err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code != "" && answer.Code != answer.Message {
		return fmt.Errorf("%s: %w", answer.Code, err)
	}
	return err
}

// timedWriter writes while the clock of a wait runs.
type timedWriter struct {
	wait   *wait
	to     io.Writer
	failed bool
}

func (w *timedWriter) Write(p []byte) (int, error) {
	w.wait.begin(patience)
	defer w.wait.pause()
	n, err := w.to.Write(p)
	w.failed = w.failed || err != nil
	return n, err
}

// timedBody reads an object while the clock of a wait runs.
type timedBody struct {
	wait *wait
	body io.ReadCloser
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.wait.begin(patience)
	n, err := b.body.Read(p)
	b.wait.pause()
	if err == io.EOF { //nolint:errorlint // a Reader's end is io.EOF itself
		return n, err
	}
	return n, b.wait.explain(err)
}

func (b *timedBody) Close() error {
	b.wait.end() // first: closing must not wait for the rest
	return b.body.Close()
}
