package client_test

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// more than the buffers of two sockets hold.
const more = 32 << 20

func TestStandstillsEndATry(t *testing.T) {
	t.Parallel()
	accepted := "HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\n"
	hold := func(t *testing.T) { <-t.Context().Done() }
	for name, test := range map[string]struct {
		handle func(*testing.T, net.Conn)
		size   int
		want   error
	}{
		"the body is not read": {func(t *testing.T, conn net.Conn) { readHeader(conn); hold(t) }, more, client.ErrStalled},
		"it is read and not answered": {func(t *testing.T, conn net.Conn) {
			readHeader(conn)
			io.CopyN(io.Discard, conn, 10)
			hold(t)
		}, 10, client.ErrNoAnswer},
		"half an answer": {func(t *testing.T, conn net.Conn) {
			readHeader(conn)
			io.CopyN(io.Discard, conn, 10)
			io.WriteString(conn, accepted[:20])
			hold(t)
		}, 10, client.ErrNoAnswer},
		"an answer without its body": {func(t *testing.T, conn net.Conn) {
			readHeader(conn)
			io.CopyN(io.Discard, conn, 10)
			io.WriteString(conn, accepted)
			hold(t)
		}, 10, client.ErrStalled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := serveRaw(t, func(conn net.Conn) { test.handle(t, conn) })
			c := newClient(t, api, func(o *client.Options) {
				o.StallTimeout, o.AnswerTimeout = 200*time.Millisecond, time.Second
			})
			if _, err := putZeros(t, c, test.size); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// Over HTTP/2 a server can hold up a request and leave the connection alone.
func TestStandstillOverHTTP2(t *testing.T) {
	t.Parallel()
	server, roots := startTLS(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}), "h2")
	c := newClient(t, server.URL, func(o *client.Options) {
		o.RootCAs, o.HTTP2, o.StallTimeout = roots, true, 300*time.Millisecond
	})
	if _, err := putZeros(t, c, more); !errors.Is(err, client.ErrStalled) {
		t.Errorf("error %v, want ErrStalled", err)
	}
}

// Another protocol is no way round a server that is silent.
func TestStandstillsInOneProtocol(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 1 << 20} {
		for _, http2 := range []bool{false, true} {
			var asked atomic.Int64
			server, roots := startTLS(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}), "http/1.1", "h2")
			c := newClient(t, server.URL, impatientOptions, func(o *client.Options) { o.RootCAs, o.HTTP2 = roots, http2 })
			if _, err := putZeros(t, c, size); !errors.Is(err, client.ErrNoAnswer) || asked.Load() != 1 {
				t.Errorf("%d bytes, HTTP/2 first: %v: %v, after %d requests", size, http2, err, asked.Load())
			}
		}
	}
}

// A try that stood still is not made again on the connection that it stood
// still on, which HTTP/2 would keep.
func TestStandstillsLeaveTheConnection(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"http/1.1", "h2"} {
		for name, part := range map[string]int64{"the body": 1, "the answer": more, "the answer's body": more} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var from []string
				server, roots := startTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					from = append(from, r.RemoteAddr)
					first := len(from) == 1
					mu.Unlock()
					if !first {
						io.Copy(io.Discard, r.Body)
						return
					}
					io.CopyN(io.Discard, r.Body, part)
					if name == "the answer's body" {
						w.WriteHeader(http.StatusAccepted)
						w.(http.Flusher).Flush()
					}
					<-t.Context().Done()
				}), protocol)
				c := newClient(t, server.URL, impatientOptions, func(o *client.Options) {
					o.RootCAs, o.HTTP2, o.Retries = roots, protocol == "h2", 1
				})
				client.SkipPausesForTest(c)
				stored, err := putZeros(t, c, more)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || stored.Attempts != 2 || len(from) != 2 || from[0] == from[1] {
					t.Errorf("%+v, %v, by the connections %q", stored, err, from)
				}
			})
		}
	}
}

// A file whose change time moved is hashed once more before its last bytes are
// sent. That takes its time, in which no byte moves.
func TestReadingAgainIsNoStandstill(t *testing.T) {
	t.Parallel()
	const limit = 500 * time.Millisecond
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, size := range []int{10, 3 << 20} {
			t.Run(fmt.Sprint(protocol, " ", size), func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "input")
				must.Do(t, os.WriteFile(path, make([]byte, size), 0o600))
				source, err := artifact.OpenFile(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				defer source.Close()
				hashed := 0
				_, err = source.Hash(t.Context(), func() hash.Hash {
					if hashed++; hashed == 2 {
						time.Sleep(3 * limit)
					}
					return sha256.New()
				}, nil)
				must.Do(t, errors.Join(err, os.Chmod(path, 0o640)))
				server, roots := startTLS(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
				}), protocol)
				c := newClient(t, server.URL, func(o *client.Options) {
					o.RootCAs, o.HTTP2, o.StallTimeout = roots, protocol == "h2", limit
				})
				stored, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: source})
				if err != nil || stored.Attempts != 1 || hashed != 2 {
					t.Errorf("%+v, %v, hashed %d times", stored, err, hashed)
				}
			})
		}
	}
}

func TestTimeoutBoundsAllTries(t *testing.T) {
	t.Parallel()
	r, c := serve(t, answering(503, "", "", "Retry-After", "60"), func(o *client.Options) {
		o.Timeout, o.Retries = 100*time.Millisecond, 4
	})
	_, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes([]byte("bytes"))})
	if !errors.Is(err, client.ErrTimeout) || len(r.all()) != 1 {
		t.Errorf("error %v after %d requests, want ErrTimeout after 1", err, len(r.all()))
	}
}

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
