package server_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// upload begins one, and returns when the server is in the middle of it.
func (r *running) upload() (net.Conn, *bufio.Reader) {
	r.Helper()
	conn := r.raw(r.head("PUT", "/v8/artifacts/a") + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		r.Fatal(line, err)
	}
	return conn, reader
}

// TestStopLetsRequestsEnd: an upload that has begun is stored and answered, and
// no other one is taken.
func TestStopLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	d := directory(t, store.Options{})
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

// TestStopCutsOff what does not end in time, and what it had begun is removed
// when Serve returns.
func TestStopCutsOff(t *testing.T) {
	t.Parallel()
	var cleaned atomic.Bool
	r := start(t, fake{put: func(_ store.Key, _ int64, _ artifact.Metadata, body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		time.Sleep(50 * time.Millisecond) // to remove what was written
		cleaned.Store(true)
		return err
	}}, server.Options{Limits: server.Limits{Grace: time.Second}})
	r.upload()
	r.stop()
	if err := <-r.ended; !errors.Is(err, server.ErrCutOff) {
		t.Errorf("Serve = %v, want ErrCutOff", err)
	}
	if !cleaned.Load() {
		t.Error("Serve returned before the request had")
	}
}

func TestServeReportsItsListener(t *testing.T) {
	t.Parallel()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	web := must.Get(server.New(fake{}, server.Options{Token: token, Addr: listener.Addr()}))(t)
	must.Do(t, listener.Close())
	if err := web.Serve(t.Context(), listener); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve = %v, want net.ErrClosed", err)
	}
}
