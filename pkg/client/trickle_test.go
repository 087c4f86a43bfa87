package client_test

import (
	"bufio"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// trickled are the calls whose answers are no artifacts.
var trickled = map[string]func(*testing.T, *client.Client) error{
	"User":   func(t *testing.T, c *client.Client) error { _, err := c.User(t.Context()); return err },
	"Teams":  func(t *testing.T, c *client.Client) error { _, err := c.Teams(t.Context()); return err },
	"Status": func(t *testing.T, c *client.Client) error { _, err := c.Status(t.Context()); return err },
	"Query": func(t *testing.T, c *client.Client) error {
		_, err := c.Query(t.Context(), []artifact.ID{"abc"})
		return err
	},
	"a small Put": func(t *testing.T, c *client.Client) error { _, err := putZeros(t, c, 5); return err },
	"a large Put": func(t *testing.T, c *client.Client) error { _, err := putZeros(t, c, 1<<20); return err },
}

// TestTricklingAnswers end, though they never stall, with the time that a server
// may take to answer: over connections of our own and over those of net/http.
func TestTricklingAnswers(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(limit / 20)
		}
	})
	lengthy := func(conn net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.Copy(io.Discard, req.Body)
		}
		trickle("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", " ")(conn)
	}
	for name, begin := range map[string]func(*testing.T) (string, *x509.CertPool){
		"in chunks": func(t *testing.T) (string, *x509.CertPool) {
			s, roots := startTLS(t, handler, "http/1.1")
			return s.URL, roots
		},
		"h2": func(t *testing.T) (string, *x509.CertPool) {
			s, roots := startTLS(t, handler, "h2")
			return s.URL, roots
		},
		"of a length": func(t *testing.T) (string, *x509.CertPool) { return serveRaw(t, lengthy), nil },
	} {
		for doing, call := range trickled {
			t.Run(doing+", "+name, func(t *testing.T) {
				t.Parallel()
				api, roots := begin(t)
				c := newClient(t, api, func(o *client.Options) {
					o.RootCAs, o.HTTP2 = roots, name == "h2"
					o.StallTimeout, o.AnswerTimeout, o.Timeout = limit, 2*limit, 60*limit
				})
				if err := call(t, c); !errors.Is(err, client.ErrNoAnswer) {
					t.Errorf("error %v, want ErrNoAnswer", err)
				}
			})
		}
	}
}
