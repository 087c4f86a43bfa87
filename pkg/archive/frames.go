package archive

import (
	"context"
	"io"
	"runtime"

	"github.com/klauspost/compress/zstd"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

const (
	// stretch is how many bytes of the tar stream one frame holds. It is fixed, so
	// that frames do not depend on the machine.
	stretch = 2 << 20
	// window is how many bytes a decoder has to keep of a frame.
	window = 2 << 20
	// maxSideBySide bounds the frames that are compressed at a time: each takes up
	// to 12 MiB.
	maxSideBySide = 4
)

// frameWriter compresses what is written to it in frames of a fixed stretch,
// several at a time, and writes them in order.
type frameWriter struct {
	ctx     context.Context // of one Pack; also ends when writing fails
	encoder *zstd.Encoder
	pending []byte
	frames  chan chan frame // in order; each is filled once it is compressed
	spare   chan []byte     // buffers of stretches and frames; a sync.Pool would lose them
	written chan error      // the result of copyFrames
}

// frame is a compressed stretch, or the error of a panic while it was compressed.
type frame struct {
	bytes []byte
	err   error
}

func newFrameWriter(ctx context.Context, to io.Writer) (*frameWriter, error) {
	sideBySide := min(runtime.GOMAXPROCS(0), maxSideBySide)
	// SpeedDefault takes almost twice the processor time, for archives that are 7 %
	// smaller.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window),
		zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(sideBySide))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	w := &frameWriter{ctx: ctx, encoder: encoder, frames: make(chan chan frame, sideBySide-1), written: make(chan error, 1)}
	w.spare = make(chan []byte, 2*(sideBySide+2)) // more are never in use
	w.pending = w.buffer()
	go func() {
		err := fault.Catch(func() error { return w.copyFrames(to) })
		cancel(err)
		w.written <- err
	}()
	return w, nil
}

// buffer returns an empty buffer for one stretch or frame.
func (w *frameWriter) buffer() []byte {
	select {
	case buffer := <-w.spare:
		return buffer[:0]
	default:
		return make([]byte, 0, stretch)
	}
}

func (w *frameWriter) putBack(buffer []byte) {
	select {
	case w.spare <- buffer:
	default:
	}
}

func (w *frameWriter) copyFrames(to io.Writer) error {
	for next := range w.frames {
		frame := <-next
		if frame.err != nil {
			return frame.err
		}
		if _, err := to.Write(frame.bytes); err != nil {
			return err
		}
		w.putBack(frame.bytes)
	}
	return nil
}

// Write takes all of p, and fails once the context ends or writing has failed.
func (w *frameWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		m := min(len(p), stretch-len(w.pending))
		w.pending = append(w.pending, p[:m]...)
		n, p = n+m, p[m:]
		if len(w.pending) == stretch {
			if err := w.compress(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// compress starts compressing the pending bytes.
func (w *frameWriter) compress() error {
	next, plain := make(chan frame, 1), w.pending
	select {
	case w.frames <- next:
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
	w.pending = w.buffer()
	go func() {
		var f frame
		f.err = fault.Catch(func() error {
			f.bytes = w.encoder.EncodeAll(plain, w.buffer())
			return nil
		})
		w.putBack(plain)
		next <- f
	}()
	return nil
}

// finish compresses the pending bytes and waits until everything is written.
func (w *frameWriter) finish() error {
	if err := w.compress(); err != nil {
		return w.abort(err)
	}
	close(w.frames)
	return <-w.written
}

// abort ends the writing early, and returns why: err, or the error of the writer
// that caused it.
func (w *frameWriter) abort(err error) error {
	close(w.frames)
	if writeErr := <-w.written; writeErr != nil {
		return writeErr
	}
	return err
}
