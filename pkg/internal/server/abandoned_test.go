package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// hashes returns a query for n artifacts, with ids as long as turbo's.
func hashes(t *testing.T, n int) string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%016x", i)
	}
	return string(must.Get(json.Marshal(map[string]any{"hashes": ids}))(t))
}

// TestAbandonedQuery checks that the server stops looking up artifacts when the
// client is gone.
func TestAbandonedQuery(t *testing.T) {
	t.Parallel()
	const n = 50_000
	var lookups atomic.Int64
	r := start(t, distant{fake{stat: func(store.Key) (store.Entry, error) {
		lookups.Add(1)
		time.Sleep(time.Millisecond)
		return store.Entry{}, nil
	}}}, server.Options{})
	body := hashes(t, n)
	conn := r.raw(r.head("POST", "/v8/artifacts") + fmt.Sprint("Content-Length: ", len(body), "\r\n\r\n", body))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200 ") {
		t.Fatal(line, err)
	}
	must.Do(t, conn.Close())
	if a := r.log(1)[0]; a.Err == nil || lookups.Load() == n {
		t.Errorf("logged %+v after %d lookups", a, lookups.Load())
	}
}

// TestLargestQueryOfBucket asks for as many artifacts as a body has room for. It is
// not parallel: it sets variables.
func TestLargestQueryOfBucket(t *testing.T) { //nolint:paralleltest // see above
	n := 2_000
	if long {
		n = 50_000
	}
	r := start(t, bucketsOf(t, s3test.Start(t))(t, store.Options{}), server.Options{})
	r.do(http.MethodPut, "/v8/artifacts/0000000000000001", []byte("four"))
	began := time.Now()
	got := r.do(http.MethodPost, "/v8/artifacts", []byte(hashes(t, n)))
	if got.Status != http.StatusOK || strings.Count(got.Body, ":null") != n-1 || !strings.HasPrefix(got.Body, `{"0000000000000000":null,"0000000000000001":{"size":4,`) {
		t.Errorf("%d, %.100s", got.Status, got.Body)
	}
	t.Logf("%s: %d artifacts in %v", t.Name(), n, time.Since(began))
}

// stalling is a toxic that passes on some bytes and then no more.
type stalling struct{ bytes int }

// Pipe implements toxics.Toxic.
func (s stalling) Pipe(stub *toxics.ToxicStub) {
	for passed := 0; ; {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				return
			}
			if passed += len(chunk.Data); passed <= s.bytes {
				stub.Output <- chunk
			}
		}
	}
}

// TestStalledStorage downloads from a bucket that falls silent in the middle, with a
// client that reads a byte now and then. It is not parallel: it sets variables.
func TestStalledStorage(t *testing.T) { //nolint:paralleltest // see above
	const size = 32 << 20 // more than all buffers on the way hold
	proxy, seen := s3test.Start(t).Through(t)
	b := bucketsOf(t, seen)(t, store.Options{})
	must.Do(t, b.Put(t.Context(), store.Key{ID: "a"}, size, artifact.Metadata{}, noise(1, size)))
	proxy.Fail(nil, stalling{1 << 20})
	r := start(t, b, server.Options{})
	conn := r.raw(r.head("GET", "/v8/artifacts/a") + "\r\n")
	must.Do(t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
				_, _ = io.ReadFull(conn, make([]byte, 1))
			}
		}
	}()
	began := time.Now()
	a := r.log(1)[0]
	close(done)
	if !errors.Is(a.Err, store.ErrUnavailable) || a.Status != http.StatusOK || a.Sent >= size || time.Since(began) > 10*time.Second {
		t.Errorf("logged %+v after %v, want ErrUnavailable", a, time.Since(began))
	}
}
