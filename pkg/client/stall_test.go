package client_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// TestStandstillsInOneProtocol checks that a silent server is not tried with
// another protocol.
func TestStandstillsInOneProtocol(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 1 << 20} {
		for _, http2 := range []bool{false, true} {
			var asked atomic.Int64
			api, trust := startTLS(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}), "http/1.1", "h2")
			c := newClient(t, api, impatientOptions, trust, func(o *client.Options) { o.HTTP2 = http2 })
			if _, err := putZeros(t, c, size); !errors.Is(err, client.ErrNoAnswer) || asked.Load() != 1 {
				t.Errorf("%d bytes, HTTP/2 first: %v: %v, after %d requests", size, http2, err, asked.Load())
			}
		}
	}
}

// TestStandstillsLeaveTheConnection checks that a retry does not use the stalled
// connection, which HTTP/2 would keep.
func TestStandstillsLeaveTheConnection(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		read int64 // of the body, by the first request
		want error
	}{"the body": {1, client.ErrStalled}, "the answer": {more, client.ErrNoAnswer}, "the answer's body": {more, client.ErrStalled}} {
		for _, protocol := range []string{"http/1.1", "h2"} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var from []string
				api, trust := startTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					from = append(from, r.RemoteAddr)
					first := len(from) == 1
					mu.Unlock()
					if !first {
						io.Copy(io.Discard, r.Body)
						return
					}
					io.CopyN(io.Discard, r.Body, test.read)
					if name == "the answer's body" {
						w.WriteHeader(http.StatusAccepted)
						w.(http.Flusher).Flush()
					}
					<-t.Context().Done()
				}), protocol)
				var reasons []error
				c := newClient(t, api, impatientOptions, trust, func(o *client.Options) {
					o.StallTimeout = 2 * limit // a busy machine is slow with so many bytes
					o.Retries, o.OnRetry = 1+spareTries, func(r client.Retry) { reasons = append(reasons, r.Err) }
				})
				stored, err := putZeros(t, c, more)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || len(reasons) == 0 || len(from) < 2 || from[0] == from[1] || !errors.Is(reasons[0], test.want) ||
					slices.ContainsFunc(reasons, func(reason error) bool { return !isLate(reason) }) {
					t.Errorf("%+v, %v, for %v, by the connections %q", stored, err, reasons, from)
				}
			})
		}
	}
}

// TestReadingAgainIsNoStandstill has a file hashed again before its last bytes
// are sent; meanwhile no byte moves.
func TestReadingAgainIsNoStandstill(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, size := range []int{10, 3 << 20} {
			t.Run(fmt.Sprint(protocol, " ", size), func(t *testing.T) {
				t.Parallel()
				source, path := openZeros(t, size)
				hashed := 0
				_, err := source.Hash(t.Context(), func() hash.Hash {
					if hashed++; hashed == 2 {
						time.Sleep(3 * limit)
					}
					return sha256.New()
				}, nil)
				must.Do(t, errors.Join(err, os.Chmod(path, 0o640)))
				api, trust := startTLS(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
				}), protocol)
				c := newClient(t, api, trust, func(o *client.Options) { o.StallTimeout = limit })
				stored, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: source})
				if err != nil || stored.Attempts != 1 || hashed != 2 {
					t.Errorf("%+v, %v, hashed %d times", stored, err, hashed)
				}
			})
		}
	}
}

// openZeros creates and opens a file of zeros.
func openZeros(t *testing.T, size int) (source *artifact.Source, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "input")
	must.Do(t, os.WriteFile(path, make([]byte, size), 0o600))
	source = must.Get(artifact.OpenFile(t.Context(), path))(t)
	t.Cleanup(func() { source.Close() })
	return source, path
}

// TestSlowTransfersAreNoStandstills transfers 16 KiB/s under the usual limits,
// scaled to be a hundred times as fast.
func TestSlowTransfersAreNoStandstills(t *testing.T) {
	t.Parallel()
	const faster = 100
	const size, piece, pause = 8 << 20, 16 << 10, time.Second / faster
	slowly := func(body io.Reader) {
		n := int64(0)
		for began := time.Now(); n < size; {
			m, err := io.CopyN(io.Discard, body, piece)
			if n += m; err != nil {
				t.Errorf("%d bytes came", n)
				return
			}
			time.Sleep(time.Until(began.Add(time.Duration(n/piece) * pause)))
		}
	}
	plain := func(conn net.Conn) {
		conn.(*net.TCPConn).SetReadBuffer(4 * piece)
		readHeader(conn)
		slowly(conn)
		io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
	}
	handler := func(w http.ResponseWriter, r *http.Request) { slowly(r.Body); w.WriteHeader(http.StatusAccepted) }
	for _, protocol := range []string{"plain", "http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			api, trust := startEither(t, protocol, plain, handler)
			c := newClient(t, api, trust, func(o *client.Options) {
				o.StallTimeout, o.AnswerTimeout = client.DefaultStallTimeout/faster, client.DefaultAnswerTimeout/faster
			})
			if _, err := putZeros(t, c, size); err != nil {
				t.Error(err)
			}
		})
	}
}

// startEither starts a server, over TLS unless the protocol is "plain".
func startEither(t *testing.T, protocol string, plain func(net.Conn), handler http.HandlerFunc) (api string, trust func(*client.Options)) {
	t.Helper()
	if protocol == "plain" {
		return serveRaw(t, plain), func(*client.Options) {}
	}
	return startTLS(t, handler, protocol)
}

// TestTricklingAnswers checks that the answer timeout ends an answer that
// trickles without stalling.
func TestTricklingAnswers(t *testing.T) {
	t.Parallel()
	chunked := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(limit / 20)
		}
	}
	lengthy := func(conn net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			io.Copy(io.Discard, req.Body)
		}
		trickle("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", " ")(conn)
	}
	for doing, call := range map[string]func(context.Context, *client.Client) error{
		"User":   func(ctx context.Context, c *client.Client) error { _, err := c.User(ctx); return err },
		"Teams":  func(ctx context.Context, c *client.Client) error { _, err := c.Teams(ctx); return err },
		"Status": func(ctx context.Context, c *client.Client) error { _, err := c.Status(ctx); return err },
		"Query": func(ctx context.Context, c *client.Client) error {
			_, err := c.Query(ctx, []artifact.ID{"abc"})
			return err
		},
		"a small Put": func(_ context.Context, c *client.Client) error { _, err := putZeros(t, c, 5); return err },
		"a large Put": func(_ context.Context, c *client.Client) error { _, err := putZeros(t, c, 1<<20); return err },
	} {
		for _, protocol := range []string{"plain", "http/1.1", "h2"} {
			t.Run(doing+", "+protocol, func(t *testing.T) {
				t.Parallel()
				api, trust := startEither(t, protocol, lengthy, chunked)
				c := newClient(t, api, trust, func(o *client.Options) {
					o.StallTimeout, o.AnswerTimeout, o.Timeout = limit, 2*limit, 60*limit
				})
				if err := call(t.Context(), c); !errors.Is(err, client.ErrNoAnswer) {
					t.Errorf("error %v, want ErrNoAnswer", err)
				}
			})
		}
	}
}

// TestEndedCallsAreNotTriedAgain checks that a deadline of the caller does not
// count as a failure of the network.
func TestEndedCallsAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	api := serveRaw(t, func(conn net.Conn) { readHeader(conn); <-t.Context().Done() })
	tries := 1
	c := newClient(t, api, func(o *client.Options) { o.Retries, o.OnRetry = 4, func(client.Retry) { tries++ } })
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	_, err := c.Stat(ctx, "abc")
	if !errors.Is(err, context.DeadlineExceeded) || tries != 1 || time.Since(began) > 20*limit {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// TestPutStopsWithItsContext checks that the error is the context's cause.
func TestPutStopsWithItsContext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	api := serveRaw(t, func(conn net.Conn) { cancel(stop); io.Copy(io.Discard, conn) })
	_, err := newClient(t, api).Put(ctx, client.Upload{ID: "abc", Source: artifact.FromBytes(make([]byte, 10<<20))})
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want the context's cause", err)
	}
}
