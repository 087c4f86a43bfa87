package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// Put implements [Store].
func (d *Dir) Put(ctx context.Context, key Key, size int64, metadata artifact.Metadata, body io.Reader) error {
	if err := d.put(ctx, key, newHeader(key, size, metadata), body); err != nil {
		return fmt.Errorf("storing %.300q: %w", string(key.ID), classify(err))
	}
	return nil
}

func (d *Dir) put(ctx context.Context, key Key, h header, body io.Reader) error {
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
	room := &room{ledger: d.ledger, now: d.now}
	defer room.release()
	total := max(h.Size, 0) + int64(len(line))
	if total < 0 {
		return ErrTooLarge
	}
	if err := room.grow(total); err != nil {
		return err
	}
	temp, err := d.write(ctx, h, line, body, room)
	if err != nil {
		return err
	}
	if err := d.place(temp, key.path(), room); err != nil {
		return errors.Join(err, temp.remove())
	}
	// Only now does the name survive a power cut. A disk that fails here may
	// have kept it or not: the artifact is whole in either case.
	return syncDirectory(d.root, path.Dir(key.path()))
}

// write makes the whole file, on the disk and closed, but not in its place. An
// error leaves none.
func (d *Dir) write(ctx context.Context, h header, line []byte, body io.Reader, room *room) (_ *temp, err error) {
	temp, err := d.session.create()
	if err != nil {
		return nil, err
	}
	defer func() {
		// Also when body panics: net/http goes on after that.
		if temp != nil {
			err = errors.Join(err, temp.Close(), temp.remove())
		}
	}()
	if err := allocate(temp.File, room.size); err != nil {
		return nil, err
	}
	if _, err := temp.Write(line); err != nil {
		return nil, err
	}
	if h.Size == UnknownSize {
		err = d.copyAll(ctx, temp, body, h, len(line), room)
	} else {
		err = d.copyBody(ctx, temp, body, h.Size)
	}
	if err != nil {
		return nil, err
	}
	if err := temp.Sync(); err != nil {
		return nil, err
	}
	whole := temp
	temp = nil
	if err := whole.Close(); err != nil {
		return nil, errors.Join(err, whole.remove())
	}
	return whole, nil
}

// copyBody copies size bytes and makes sure that no more come.
func (d *Dir) copyBody(ctx context.Context, to *temp, body io.Reader, size int64) error {
	buffer := d.buffers.Get().(*[copySize]byte)
	defer d.buffers.Put(buffer)
	reader := &contextReader{ctx: ctx, reader: body}
	// Without its ReadFrom the file is copied to with this buffer.
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, io.LimitReader(reader, size), buffer[:])
	if err != nil {
		return err
	}
	if n < size {
		return fmt.Errorf("%w: it ends after %d of %d bytes", ErrSize, n, size)
	}
	switch n, err := io.ReadFull(reader, buffer[:1]); {
	case n > 0:
		return fmt.Errorf("%w: it goes on after %d bytes", ErrSize, size)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// copyAll copies a body of unknown size, makes room as its bytes come, and then
// replaces the file's first line, which has length bytes.
func (d *Dir) copyAll(ctx context.Context, to *temp, body io.Reader, h header, length int, room *room) error {
	buffer := d.buffers.Get().(*[copySize]byte)
	defer d.buffers.Put(buffer)
	var err error
	h.Size, err = io.CopyBuffer(&roomyWriter{to: to, room: room}, &contextReader{ctx: ctx, reader: body}, buffer[:])
	if err != nil {
		return err
	}
	line, err := h.seal(length)
	if err != nil {
		return err
	}
	_, err = to.WriteAt(line, 0)
	return err
}

// roomyWriter makes room for what it writes.
type roomyWriter struct {
	to   io.Writer
	room *room
}

func (w *roomyWriter) Write(p []byte) (int, error) {
	if err := w.room.grow(int64(len(p))); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}

// place gives a file its name, in place of the one that has it.
func (d *Dir) place(temp *temp, name string, room *room) error {
	now := d.now()
	if err := d.root.Chtimes(temp.path, now, now); err != nil {
		return err
	}
	return room.commit(name, now, func() error {
		err := d.root.Rename(temp.path, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// The first artifact of its team, or somebody emptied the cache.
		if err := d.makeTeam(path.Dir(name)); err != nil {
			return err
		}
		return d.root.Rename(temp.path, name)
	})
}

func (d *Dir) makeTeam(name string) error {
	if err := d.root.Mkdir(name, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDirectory(d.root, ".")
}

// contextReader ends with its context.
type contextReader struct {
	ctx    context.Context //nolint:containedctx // it lives for one call
	reader io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.reader.Read(p)
}

// classify adds what the file system's own errors mean to a [Store].
func classify(err error) error {
	switch {
	case isNoSpace(err):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case isTooLarge(err):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return err
}
