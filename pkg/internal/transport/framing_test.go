package transport

import (
	"errors"
	"strings"
	"testing"
)

// TestFraming has answers in one piece, and byte by byte.
func TestFraming(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []string
		want    error
	}{
		"chunked in 1.1":         {[]string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}, nil},
		"length in 1.0":          {[]string{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, nil},
		"chunked in 1.0":         {[]string{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}, ErrFraming},
		"beside a length":        {[]string{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\ntransfer-encoding:chunked\r\n\r\nhello"}, ErrFraming},
		"without CR":             {[]string{"HTTP/1.0 200 OK\nTRANSFER-ENCODING: gzip\n\nhello"}, ErrFraming},
		"in the body":            {[]string{"HTTP/1.0 200 OK\r\n\r\nTransfer-Encoding: chunked\r\n\r\n"}, nil},
		"an answer in the body":  {[]string{"HTTP/1.0 200 OK\r\n\r\nHTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, nil},
		"in a value":             {[]string{"HTTP/1.0 200 OK\r\nVary: Transfer-Encoding: x\r\n\r\n"}, nil},
		"the second answer":      {[]string{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: x\r\n\r\n"}, ErrFraming},
		"after another protocol": {[]string{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: x\r\n\r\n"}, ErrFraming},
		"a head without an end":  {[]string{"HTTP/1.0 200 OK\r\nX: " + strings.Repeat("x", maxHeaderBytes)}, nil},
	} {
		for _, bytewise := range []bool{false, true} {
			var f framing
			var got error
			for _, answer := range test.answers {
				f.wrote()
				pieces := []string{answer}
				if bytewise && len(answer) < maxHeaderBytes {
					pieces = strings.Split(answer, "")
				}
				for _, piece := range pieces {
					got = errors.Join(got, f.check([]byte(piece)))
				}
			}
			if !errors.Is(got, test.want) {
				t.Errorf("%s, byte by byte %v: %v, want %v", name, bytewise, got, test.want)
			}
		}
	}
}
