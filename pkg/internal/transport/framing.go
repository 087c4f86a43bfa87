package transport

import (
	"bytes"
	"errors"
	"sync/atomic"
)

// ErrFraming reports an HTTP/1.0 answer with Transfer-Encoding, which HTTP/1.0
// does not have (RFC 9112, section 6.1). net/http ignores it, and would return
// the framing as part of the body.
var ErrFraming = errors.New("the HTTP/1.0 answer has a Transfer-Encoding")

// framing checks the head of each answer on a connection.
type framing struct {
	written atomic.Bool // since the last answer
	head    []byte      // as received so far
	known   bool        // nothing is wrong with this answer
}

// wrote is called for each write of a request, before the next answer.
func (f *framing) wrote() { f.written.Store(true) }

// check checks what was read.
func (f *framing) check(p []byte) error {
	if len(f.head) == 0 && !f.written.Swap(false) && f.known {
		return nil
	}
	const old = "HTTP/1.0"
	if len(f.head) > 0 || len(p) < len(old) || string(p[:len(old)]) == old {
		f.head = append(f.head, p...)
		p = f.head
	}
	f.known = !bytes.HasPrefix(p, []byte(old)[:min(len(old), len(p))]) || len(p) > maxHeaderBytes
	for line := range bytes.Lines(f.head) {
		// As in net/http, a line may end without CR.
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if f.known = f.known || ended && len(bytes.TrimSuffix(text, []byte("\r"))) == 0; f.known || !ended {
			break
		}
		name, _, isField := bytes.Cut(line, []byte(":"))
		if isField && bytes.EqualFold(bytes.TrimSpace(name), []byte("Transfer-Encoding")) {
			return ErrFraming
		}
	}
	if f.known {
		f.head = nil
	}
	return nil
}
