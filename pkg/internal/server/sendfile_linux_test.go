package server_test

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// counting counts the bytes that this process reads from blobs.
type counting struct {
	store.Store
	read atomic.Int64
}

// Get implements store.Store.
func (c *counting) Get(ctx context.Context, key store.Key) (*store.Blob, error) {
	blob, err := c.Store.Get(ctx, key)
	if err == nil {
		blob.Body = &countedBody{ReadCloser: blob.Body, Conn: blob.Body.(syscall.Conn), read: &c.read}
	}
	return blob, err
}

type countedBody struct {
	io.ReadCloser
	syscall.Conn
	read *atomic.Int64
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}

// TestDownloadIsSentByTheSystem checks that only the first bytes, which net/http
// sends with the headers, pass through this process.
func TestDownloadIsSentByTheSystem(t *testing.T) {
	t.Parallel()
	const size, first = 4 << 20, 512
	c := &counting{Store: directory(t, store.Options{})}
	r := start(t, c, server.Options{})
	r.do(http.MethodPut, "/v8/artifacts/a", make([]byte, size))
	if got := r.do(http.MethodGet, "/v8/artifacts/a", nil); len(got.Body) != size {
		t.Errorf("%d bytes came, want %d", len(got.Body), size)
	}
	if n := c.read.Load(); n > first {
		t.Errorf("%d bytes were read, want at most %d", n, first)
	}
}
