package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// impatient limits cut off a client soon, but are long enough for a busy machine.
var impatient = server.Limits{Header: 2 * time.Second, Window: time.Second, Linger: 200 * time.Millisecond}

// trickle sends a byte now and then until the server has had enough.
func trickle(conn net.Conn, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if _, err := io.WriteString(conn, "x"); err != nil {
			return
		}
	}
}

// testSlowClientsAreCutOff tries clients that would hold a connection for hours.
// If the test ends, none does.
func testSlowClientsAreCutOff(t *testing.T, open opener) {
	d := open(t, store.Options{})
	r := start(t, d, server.Options{Limits: impatient})
	for name, test := range map[string]struct{ sent, want string }{
		"nothing":            {"", ""},
		"headers":            {"GET / HTTP/1.1\r\nX: ", ""},
		"a body":             {r.head("PUT", "/v8/artifacts/a") + "Content-Length: 100000000\r\n\r\n", "HTTP/1.1 408 "},
		"a document":         {r.head("POST", "/v8/artifacts") + "Content-Length: 100000\r\n\r\n", "HTTP/1.1 408 "},
		"chunks":             {r.head("POST", "/v8/artifacts/events") + "Transfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 4"},
		"an unwanted body":   {r.head("GET", "/v8/artifacts/status") + "Content-Length: 100000\r\n\r\n", "HTTP/1.1 200 "},
		"a refused body":     {r.head("PUT", "/v8/artifacts/..") + "Content-Length: 100000\r\n\r\n", "HTTP/1.1 400 "},
		"an expected answer": {r.head("PUT", "/v8/artifacts/a") + "Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := r.raw(test.sent)
			done := make(chan struct{})
			defer close(done)
			go trickle(conn, done)
			// The server may close while a byte is on its way, which resets
			// the connection after the answer.
			if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), test.want) {
				t.Errorf("%.80q, want %q", got, test.want)
			}
		})
	}
	t.Cleanup(func() {
		if _, err := d.Stat(context.Background(), store.Key{ID: "a"}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Stat = %v, want ErrNotFound: a broken upload was stored", err)
		}
	})
}

// testSlowReaderIsCutOff cuts off a client that does not read the answer.
func testSlowReaderIsCutOff(t *testing.T, open opener) {
	d := open(t, store.Options{})
	r := start(t, d, server.Options{Limits: impatient})
	// More than all buffers between the two hold.
	body := bytes.NewReader(make([]byte, 64<<20))
	must.Do(t, d.Put(t.Context(), store.Key{ID: "a"}, body.Size(), artifact.Metadata{}, body))
	r.raw(r.head("GET", "/v8/artifacts/a") + "\r\n")
	a := r.log(1)[0]
	if !errors.Is(a.Err, os.ErrDeadlineExceeded) || a.Status != 200 || a.Sent >= 64<<20 {
		t.Errorf("logged: %+v, want a deadline", a)
	}
}

// testIdleConnectionIsClosed after an answer too.
func testIdleConnectionIsClosed(t *testing.T, open opener) {
	r := start(t, open(t, store.Options{}), server.Options{Limits: server.Limits{Idle: 100 * time.Millisecond}})
	conn := r.raw(r.head("GET", "/v8/artifacts/status") + "\r\n")
	if got := rest(t, conn); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("%q", got)
	}
}

// TestSlowDiskIsNotASlowClient checks that only time spent waiting for the client
// counts.
func TestSlowDiskIsNotASlowClient(t *testing.T) {
	t.Parallel()
	const piece = 50_000 // little enough for a socket's buffers: the client need not wait
	r := start(t, fake{put: func(_ store.Key, _ int64, _ artifact.Metadata, body io.Reader) error {
		for range 2 {
			time.Sleep(3 * impatient.Window / 2)
			if _, err := io.ReadFull(body, make([]byte, piece)); err != nil {
				return err
			}
		}
		_, err := io.Copy(io.Discard, body)
		return err
	}}, server.Options{Limits: impatient})
	if got := r.do(http.MethodPut, "/v8/artifacts/a", make([]byte, 2*piece)); got.Status != http.StatusAccepted {
		t.Errorf("%v", got)
	}
}

// upload starts an upload, and returns when the server is in the middle of it.
func (r *running) upload() (net.Conn, *bufio.Reader) {
	r.Helper()
	conn := r.raw(r.head("PUT", "/v8/artifacts/a") + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		r.Fatal(line, err)
	}
	return conn, reader
}

// testStopLetsRequestsEnd checks that an upload in flight is stored and answered,
// and no other one is accepted.
func testStopLetsRequestsEnd(t *testing.T, open opener) {
	d := open(t, store.Options{})
	r := start(t, d, server.Options{Limits: server.Limits{Grace: time.Minute}})
	conn, reader := r.upload()
	r.stop()
	for {
		other, err := net.Dial("tcp", r.addr)
		if err != nil {
			break // the listener is closed
		}
		_ = other.Close()
	}
	if _, err := io.WriteString(conn, "body"); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(reader); err != nil || !strings.Contains(string(text), "HTTP/1.1 202 ") {
		t.Errorf("%q, %v", text, err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if entry, err := d.Stat(t.Context(), store.Key{ID: "a"}); err != nil || entry.Size != 4 {
		t.Errorf("stored: %v, %v", entry, err)
	}
}

// TestStopCutsOff checks that a request that does not end in time is cut off, and
// its file is removed when Serve returns.
func TestStopCutsOff(t *testing.T) {
	t.Parallel()
	var cleaned atomic.Bool
	r := start(t, fake{put: func(_ store.Key, _ int64, _ artifact.Metadata, body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		time.Sleep(50 * time.Millisecond) // to remove what was written
		cleaned.Store(true)
		return err
	}}, server.Options{Limits: server.Limits{Grace: 5 * time.Second}}) // also for a machine that pauses
	r.upload()
	r.stop()
	if err := <-r.ended; !errors.Is(err, server.ErrCutOff) {
		t.Errorf("Serve = %v, want ErrCutOff", err)
	}
	if !cleaned.Load() {
		t.Error("Serve returned before the request had")
	}
}

// TestServeClosesItsListener stops servers that have hardly begun.
func TestServeClosesItsListener(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
		web := must.Get(server.New(fake{}, server.Options{Tokens: tokens(t), Addr: listener.Addr()}))(t)
		must.Do(t, web.Serve(ctx, listener))
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("closing the listener again: %v, want net.ErrClosed", err)
		}
	}
}

func TestServeReportsItsListener(t *testing.T) {
	t.Parallel()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	web := must.Get(server.New(fake{}, server.Options{Tokens: tokens(t), Addr: listener.Addr()}))(t)
	must.Do(t, listener.Close())
	if err := web.Serve(t.Context(), listener); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve = %v, want net.ErrClosed", err)
	}
}
