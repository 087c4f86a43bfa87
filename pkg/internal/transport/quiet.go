package transport

import (
	"errors"
	"os"
	"time"
)

// atOnce is the deadline of a read that does not wait. It has passed, and is none
// that net/http sets to end a read on another goroutine.
var atOnce = time.Unix(0, 1)

// isQuiet tells whether nothing has come on an idle connection, not even its
// end. What a server says unasked (a second answer, or 408 before it closes what
// is idle) would be taken for the answer to the next request.
func (c *smallConn) isQuiet() bool {
	if c.reader.Buffered() > 0 || c.SetReadDeadline(atOnce) != nil {
		return false
	}
	_, err := c.Conn.Read(make([]byte, 1)) // below TLS, whose own messages may have come
	return errors.Is(err, os.ErrDeadlineExceeded)
}
