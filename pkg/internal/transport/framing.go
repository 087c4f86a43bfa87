package transport

import (
	"bytes"
	"errors"
	"sync/atomic"
)

// ErrFraming reports an answer in HTTP/1.0 with a Transfer-Encoding, which that
// version does not have (RFC 9112, section 6.1). net/http ignores it, and would
// return the framing as a part of the body.
var ErrFraming = errors.New("the answer in HTTP/1.0 has a Transfer-Encoding")

// framing looks at the head of each answer that a connection brings.
type framing struct {
	written atomic.Bool // since the last answer
	head    []byte      // as far as it came
	known   bool        // nothing is wrong with this answer
}

// wrote is called for each write of a request: another answer will follow.
func (f *framing) wrote() { f.written.Store(true) }

// check is given what was read next.
func (f *framing) check(p []byte) error {
	if len(f.head) == 0 && !f.written.Swap(false) && f.known {
		return nil
	}
	f.known = false
	f.head = append(f.head, p...)
	const old = "HTTP/1.0"
	head, whole := cutHead(f.head)
	switch {
	case !bytes.HasPrefix(f.head, []byte(old)[:min(len(old), len(f.head))]), len(f.head) > maxHeaderBytes:
		f.known = true
	case whole:
		for line := range bytes.Lines(head) {
			name, _, isField := bytes.Cut(line, []byte(":"))
			if isField && bytes.EqualFold(bytes.TrimSpace(name), []byte("Transfer-Encoding")) {
				return ErrFraming
			}
		}
		f.known = true
	}
	if f.known {
		f.head = nil
	}
	return nil
}

// cutHead returns what precedes the empty line. As in net/http, a line may end
// without CR.
func cutHead(answer []byte) (head []byte, whole bool) {
	for at, rest := 0, answer; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return answer, false
		}
		if line := bytes.TrimSuffix(rest[:i], []byte("\r")); len(line) == 0 {
			return answer[:at], true
		}
		at, rest = at+i+1, rest[i+1:]
	}
}
