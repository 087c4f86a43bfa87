package transfer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// liveTracker measures the live heap after every 32 MiB in each direction.
type liveTracker struct {
	hashed, sent, received, highest atomic.Int64
}

func (l *liveTracker) Hashed(n, _ int64)   { l.measure(&l.hashed, n) }
func (l *liveTracker) Sent(n, _ int64)     { l.measure(&l.sent, n) }
func (l *liveTracker) Received(n, _ int64) { l.measure(&l.received, n) }

func (l *liveTracker) measure(next *atomic.Int64, n int64) {
	if n < next.Load() {
		return
	}
	next.Store(n + 32<<20)
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	l.highest.Store(max(l.highest.Load(), int64(memory.HeapAlloc)))
}

// No artifact is in memory as a whole. The test is not parallel, since it
// measures the heap.
func TestNoArtifactIsHeldWhole(t *testing.T) {
	const size, limit = 256 << 20, 16 << 20
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusAccepted)
			return
		}
		// Chunked, without a length, so that the signature needs a second
		// download.
		w.Header().Set("X-Artifact-Tag", "AAAA")
		for range size >> 20 {
			w.Write(make([]byte, 1<<20))
		}
	}))
	defer server.Close()
	c, err := client.New(client.Options{API: server.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	signer := artifact.NewSigner([]byte("key"), "")
	sparse := filepath.Join(t.TempDir(), "sparse")
	if err := os.WriteFile(sparse, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(sparse, size); err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string]func() transfer.Input{
		"id given":   func() transfer.Input { return transfer.Input{Path: sparse, ID: "a"} },
		"id derived": func() transfer.Input { return transfer.Input{Path: sparse, Algorithm: transfer.SHA256} },
		"stream": func() transfer.Input {
			file, err := os.Open(sparse)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { file.Close() })
			return transfer.Input{Path: "-", Stream: file, Algorithm: transfer.BLAKE3}
		},
	} {
		t.Run(name, func(t *testing.T) {
			live := &liveTracker{}
			uploader := transfer.Uploader{
				Client: c, Progress: live, SpoolDir: t.TempDir(), Signer: signer, Scheme: artifact.SchemeV2,
				Describe: func(context.Context) artifact.Metadata { return artifact.Metadata{} },
			}
			if result := uploader.Put(t.Context(), input()); result.Err != nil || result.Size != size || !result.Signed {
				t.Fatalf("%+v", result)
			}
			live.check(t, &live.sent, limit)
			live = &liveTracker{}
			verifier := transfer.Verifier{Client: c, Progress: live, Jobs: 1}
			verified := verifier.Verify(t.Context(), input())
			if verified.Verdict != transfer.Verified || verified.Size != size {
				t.Fatalf("%+v", verified)
			}
			live.check(t, &live.received, limit)
		})
	}
	t.Run("get", func(t *testing.T) {
		live := &liveTracker{}
		downloader := transfer.Downloader{Client: c, Progress: live, Signer: signer}
		_, err := downloader.Get(t.Context(), "a", nil, transfer.StreamTarget(io.Discard, "nothing"))
		if !errors.Is(err, transfer.ErrBadSignature) {
			t.Fatal(err)
		}
		live.check(t, &live.received, limit)
	})
}

// check also checks that enough was measured to reveal an artifact in memory.
func (l *liveTracker) check(t *testing.T, way *atomic.Int64, limit int64) {
	t.Helper()
	if highest := l.highest.Load(); way.Load() < 2*limit || highest > limit {
		t.Errorf("%d bytes were alive at a time, %d are allowed", highest, limit)
	}
}
