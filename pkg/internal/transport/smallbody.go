package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
)

// smallBody is the body of an answer. A connection is used again when it was
// read to its end; to close it before closes the connection.
type smallBody struct {
	io.Reader
	request *http.Request
	conn    *smallConn
	stop    func() bool // the watch over the context
	last    bool        // nothing may follow on the connection
	ended   atomic.Bool
	err     error // of a reading, and so of those after it
}

// Read reads as the connection does. A body that was closed before its end, on
// another goroutine perhaps, has no end: what was read would pass for all.
func (b *smallBody) Read(p []byte) (int, error) {
	if b.err == nil && b.ended.Load() {
		b.err = http.ErrBodyReadAfterClose
	}
	if b.err != nil {
		return 0, b.err
	}
	b.conn.wait = readWait{limit: b.conn.owner.stall, tooLong: ErrStalled}
	n, err := b.Reader.Read(p)
	if err != nil {
		b.end(err == io.EOF)
	}
	if cause := context.Cause(b.request.Context()); cause != nil && err != nil && err != io.EOF {
		err = cause // the connection was only closed for that
	}
	b.err = err
	return n, err
}

// Close ends the exchange.
func (b *smallBody) Close() error {
	b.end(false)
	return nil
}

func (b *smallBody) end(whole bool) {
	if b.ended.Swap(true) {
		return
	}
	if alive := b.stop(); alive && whole && !b.last && b.conn.reader.Buffered() == 0 {
		b.conn.owner.idle.keep(b.conn)
		return
	}
	_ = b.conn.Close()
}

// orArrived is the body, or what there is of it where all of it, of the given
// length, came with the headers: then the connection is free already.
func (b *smallBody) orArrived(length int64) io.ReadCloser {
	switch {
	case b.Reader == http.NoBody:
		b.end(true)
		return http.NoBody
	case length < 0 || length > int64(b.conn.reader.Buffered()):
		return b
	}
	text := make([]byte, length)
	_, err := io.ReadFull(b.Reader, text)
	b.end(err == nil)
	return &arrived{Reader: bytes.NewReader(text), text: text}
}

// arrived is a body that nobody has to wait for.
type arrived struct {
	*bytes.Reader
	text []byte
}

// Close has nothing to do.
func (a *arrived) Close() error { return nil }

// Arrived is the whole body of an answer that came with its headers, so that
// to read it takes no time. It is not to be changed.
func Arrived(resp *http.Response) (text []byte, whole bool) {
	if resp.Body == http.NoBody {
		return nil, true
	}
	body, whole := resp.Body.(*arrived)
	if whole {
		text = body.text
	}
	return text, whole
}
