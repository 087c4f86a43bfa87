package client_test

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
)

// TestSlowTransfersAreNoStandstills has 16 KiB/s under the usual limits, all of
// it a hundred times as fast. The buffers of the sockets are what they are: a
// writer may be let in only when they have drained for long.
func TestSlowTransfersAreNoStandstills(t *testing.T) {
	t.Parallel()
	const faster = 100
	const size, piece, pause = 8 << 20, 16 << 10, time.Second / faster
	slowly := func(body io.Reader) (n int64) {
		for began := time.Now(); n < size; {
			m, err := io.CopyN(io.Discard, body, piece)
			if n += m; err != nil {
				return n
			}
			time.Sleep(time.Until(began.Add(time.Duration(n/piece) * pause)))
		}
		return n
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := slowly(r.Body); n != size {
			t.Errorf("%d bytes came", n)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	for name, begin := range map[string]func(t *testing.T) (api string, roots *x509.CertPool){
		"plain": func(t *testing.T) (string, *x509.CertPool) {
			return serveRaw(t, func(conn net.Conn) {
				conn.(*net.TCPConn).SetReadBuffer(4 * piece)
				readHeader(conn)
				if n := slowly(conn); n != size {
					t.Errorf("%d bytes came", n)
				}
				io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
			}), nil
		},
		"http/1.1": func(t *testing.T) (string, *x509.CertPool) {
			server, roots := startTLS(t, handler, "http/1.1")
			return server.URL, roots
		},
		"h2": func(t *testing.T) (string, *x509.CertPool) {
			server, roots := startTLS(t, handler, "h2")
			return server.URL, roots
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, roots := begin(t)
			c := newClient(t, api, func(o *client.Options) {
				o.RootCAs, o.HTTP2 = roots, name == "h2"
				o.StallTimeout, o.AnswerTimeout = client.DefaultStallTimeout/faster, client.DefaultAnswerTimeout/faster
			})
			if _, err := putZeros(t, c, size); err != nil {
				t.Error(err)
			}
		})
	}
}
