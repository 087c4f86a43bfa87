package store

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// Put implements [Store].
func (d *Dir) Put(ctx context.Context, key Key, size int64, metadata artifact.Metadata, body io.Reader) (err error) {
	defer explain(&err, "storing", key)
	h := newHeader(key, size, metadata)
	h.Stored = time.Now().UTC().Truncate(time.Millisecond)
	line, err := h.placeholder()
	if err != nil {
		return err
	}
	if d.readOnly {
		return ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	body = checkedBody(ctx, body, size)
	if d.writeOnce {
		if kept, err := d.putAgain(key, size, body); kept || err != nil {
			return err
		}
	}
	room := &room{ledger: d.ledger}
	defer room.release()
	total := max(h.Size, 0) + int64(len(line))
	if total < 0 {
		return ErrTooLarge
	}
	if err := room.grow(ctx, total); err != nil {
		return err
	}
	temp, err := d.write(ctx, h, line, body, room)
	if err != nil {
		return err
	}
	if d.writeOnce {
		err = d.placeOnce(ctx, temp, key, room)
	} else if err = d.place(temp, key.path(), room, d.root.Rename); err != nil {
		err = errors.Join(err, temp.remove())
	}
	if err != nil {
		return err
	}
	// Only now does the name survive a power failure. After an error, the
	// artifact may exist, but is complete.
	return d.syncName(key.path())
}

// syncName flushes the name of a file to the disk.
func (d *Dir) syncName(name string) error { return d.flusher.flush(path.Dir(name)) }

// write creates the temporary file: line, and then body.
func (d *Dir) write(ctx context.Context, h header, line []byte, body io.Reader, room *room) (*temp, error) {
	return d.session.write(func(t *temp) error {
		if err := checkSpace(t.File, room.size); err != nil {
			return err
		}
		buffer := buffers.Get().(*bufio.Writer)
		defer buffers.Put(buffer)
		buffer.Reset(onlyWriter{t})
		if _, err := buffer.Write(line); err != nil {
			return err
		}
		if h.Size == UnknownSize {
			return copyAll(ctx, t, buffer, body, h, len(line), room)
		}
		if _, err := buffer.ReadFrom(body); err != nil {
			return err
		}
		return buffer.Flush()
	})
}

// buffers are reused. Allocating one for each upload took a third of the
// processor time of a small one.
var buffers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, copySize) }}

// onlyWriter hides the ReadFrom of a file, which would not use the buffer.
type onlyWriter struct{ io.Writer }

// copyAll copies a body of unknown size, reserves space as its bytes arrive, and
// then replaces the file's first line, which has length bytes.
func copyAll(ctx context.Context, to *temp, buffer *bufio.Writer, body io.Reader, h header, length int, room *room) error {
	if err := buffer.Flush(); err != nil {
		return err
	}
	buffer.Reset(&roomyWriter{ctx: ctx, to: to, room: room})
	var err error
	if h.Size, err = buffer.ReadFrom(body); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	line, err := h.seal(length)
	if err != nil {
		return err
	}
	_, err = to.WriteAt(line, 0)
	return err
}

// roomyWriter reserves space for what it writes.
type roomyWriter struct {
	ctx  context.Context //nolint:containedctx // it lives for one call
	to   io.Writer
	room *room
}

func (w *roomyWriter) Write(p []byte) (int, error) {
	if err := w.room.grow(w.ctx, int64(len(p))); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}

// place gives a complete file its name with move, which is Rename or Link.
func (d *Dir) place(temp *temp, name string, room *room, move func(from, to string) error) error {
	now := d.now()
	if err := d.root.Chtimes(temp.path, now, now); err != nil {
		return err
	}
	return room.commit(name, now, func() error {
		err := move(temp.path, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// The first artifact of its team, or the cache was emptied.
		if err := d.root.Mkdir(path.Dir(name), dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		d.flusher.forget(path.Dir(name))
		return move(temp.path, name)
	})
}
