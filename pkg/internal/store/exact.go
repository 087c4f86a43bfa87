package store

import (
	"context"
	"fmt"
	"io"
)

// checkedBody returns body so that Read fails when ctx has ended, and with
// [ErrSize] unless body has size bytes. [UnknownSize] allows any number.
func checkedBody(ctx context.Context, body io.Reader, size int64) io.Reader {
	body = &contextReader{ctx: ctx, reader: body}
	if size == UnknownSize {
		return body
	}
	return &exactReader{body: body, size: size, left: size}
}

// contextReader fails when its context has ended.
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

// exactReader reads a body of size bytes. It returns the last of them only when
// the body has ended there; otherwise it fails with [ErrSize].
type exactReader struct {
	body io.Reader
	size int64
	left int64
}

func (r *exactReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, r.end()
	}
	n, err := r.body.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	switch {
	case err == io.EOF && r.left > 0: //nolint:errorlint // a Reader's end is io.EOF itself
		return 0, fmt.Errorf("%w: it ends after %d of %d bytes", ErrSize, r.size-r.left, r.size)
	case err != nil && err != io.EOF: //nolint:errorlint // as above
		return 0, err
	case r.left > 0:
		return n, nil
	}
	if err := r.end(); err != io.EOF { //nolint:errorlint // as above
		return 0, err
	}
	return n, io.EOF
}

// end returns io.EOF if the body ends here.
func (r *exactReader) end() error {
	var more [1]byte
	n, err := io.ReadFull(r.body, more[:])
	if n > 0 {
		return fmt.Errorf("%w: it has more than %d bytes", ErrSize, r.size)
	}
	return err
}

// fill reads until buffer is full or body ends. Unlike [io.ReadFull], it does not
// take a body that breaks off, which net/http reports as [io.ErrUnexpectedEOF], for
// one that ends.
func fill(buffer []byte, body io.Reader) (n int, ended bool, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = body.Read(buffer[n:])
		n += m
	}
	if err == io.EOF { //nolint:errorlint // a Reader's end is io.EOF itself
		return n, true, nil
	}
	return n, false, err
}
