package client_test

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

func TestPutFindsTheProtocol(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		offered []string
		http2   bool
		want    string
	}{
		"both":                 {[]string{"h2", "http/1.1"}, false, "HTTP/1.1"},
		"both, --http2":        {[]string{"h2", "http/1.1"}, true, "HTTP/2.0"},
		"only HTTP/1":          {[]string{"http/1.1"}, false, "HTTP/1.1"},
		"only HTTP/1, --http2": {[]string{"http/1.1"}, true, "HTTP/1.1"},
		"only HTTP/2":          {[]string{"h2"}, false, "HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{answer: accept}
			server, roots := startTLS(t, r, test.offered...)
			var tries atomic.Int32
			c := newClient(t, server.URL, func(o *client.Options) {
				o.RootCAs, o.HTTP2 = roots, test.http2
				o.Trace = func(client.Exchange) { tries.Add(1) }
			})
			for range 3 {
				if _, err := put(t, c, "bytes"); err != nil {
					t.Fatal(err)
				}
			}
			for _, got := range r.all() {
				if got.Proto != test.want || got.Body != "bytes" {
					t.Errorf("sent %+v, want %s", got, test.want)
				}
			}
			failed := int32(0)
			if (test.want == "HTTP/2.0") != test.http2 {
				failed = 1 // what worked is kept
			}
			if tries.Load() != 3+failed {
				t.Errorf("%d tries, want %d", tries.Load(), 3+failed)
			}
		})
	}
}

// A server that closes the connection at the first byte under HTTP/1.1 gets
// one try over HTTP/2; the first error counts where that fails too.
func TestPutReportsTheFirstProtocolsError(t *testing.T) {
	t.Parallel()
	server, roots := startTLS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler)
	}), "h2", "http/1.1")
	var mu sync.Mutex
	var protocols []string
	c := newClient(t, server.URL, func(o *client.Options) {
		o.RootCAs = roots
		o.Trace = func(e client.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			protocols = append(protocols, fmt.Sprint(e.Err))
		}
	})
	_, err := put(t, c, "bytes")
	if !errors.Is(err, io.EOF) || len(protocols) != 2 {
		t.Errorf("error %v after %q, want EOF after two tries", err, protocols)
	}
}

func TestPutChecksCertificates(t *testing.T) {
	t.Parallel()
	r := &recorder{answer: accept}
	server, _ := startTLS(t, r, "h2", "http/1.1")
	var tries atomic.Int32
	c := newClient(t, server.URL, func(o *client.Options) {
		o.RootCAs = x509.NewCertPool()
		o.Trace = func(client.Exchange) { tries.Add(1) }
	})
	_, err := put(t, c, "bytes")
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) || len(r.all()) != 0 || tries.Load() != 1 {
		t.Errorf("error %v after %d tries", err, tries.Load())
	}
}

func TestPlainHTTPStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	// 192.0.2.0/24 is for documentation (RFC 5737); nothing is dialled.
	c := newClient(t, "http://192.0.2.1:9")
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrPlainHTTP) {
		t.Errorf("error %v, want ErrPlainHTTP", err)
	}
}

func TestNewRefusesWhatIsNoBaseURL(t *testing.T) {
	t.Parallel()
	for _, api := range []string{
		"cache.example", "ftp://cache", "https://", "https://user:secret@cache", "https://user@cache", "user:secret@cache",
		"https:user:secret@cache", "https://user:secret/x@cache", "https://user:sec ret@cache", "https://cache/?q",
		"https://cache/#f", "https://cache:port", "https://cache/%zz", "https:///v8", "://", "https://ca che", "/path",
		"https://ca\uff0fche", "https://\u00ad", "https://cache:65536",
	} {
		_, err := client.New(client.Options{API: api})
		if !errors.Is(err, client.ErrInvalidAPI) || strings.Contains(err.Error(), "secret") {
			t.Errorf("New(%q) = %v, want ErrInvalidAPI", api, err)
		}
	}
}

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
