package server_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// noise are n bytes that can be made again from seed.
func noise(seed uint64, n int64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return io.LimitReader(rand.NewChaCha8(key), n)
}

// peak reads and notes how many bytes were live on the way.
type peak struct {
	io.Reader
	step, n, next, live uint64
}

// Read implements io.Reader.
func (p *peak) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if p.n += uint64(n); p.n >= p.next {
		p.next += p.step
		p.live = max(p.live, liveBytes())
	}
	return n, err
}

func liveBytes() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestArtifactsAreNeverHeldWhole is not parallel: other tests' bytes would
// count.
func TestArtifactsAreNeverHeldWhole(t *testing.T) { //nolint:paralleltest // see above
	size := int64(64 << 20)
	if long {
		size = 512 << 20
	}
	const little, part = 4 << 20, 8 << 20
	t.Run("directory", func(t *testing.T) {
		r := start(t, directory(t, store.Options{}), server.Options{})
		r.checkMemory(size, size, little)
		r.checkMemory(size, -1, little)
	})
	t.Run("bucket", func(t *testing.T) {
		r := start(t, bucketsOf(t, s3test.Start(t))(t, store.Options{}), server.Options{})
		r.checkMemory(size, size, little)
		r.checkMemory(size, -1, little+part)
	})
}

// checkMemory uploads and downloads size bytes, and fails if more than allowed are
// live meanwhile.
func (r *running) checkMemory(size, announced int64, allowed uint64) {
	r.Helper()
	before, step := liveBytes(), uint64(size)/16
	up := &peak{Reader: noise(1, size), step: step}
	request := r.request(http.MethodPut, "/v8/artifacts/a", nil)
	request.Body, request.ContentLength = io.NopCloser(up), announced
	response := must.Get(client.Do(request))(r)
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusAccepted {
		r.Fatal(response.Status, err)
	}
	response = must.Get(client.Do(r.request(http.MethodGet, "/v8/artifacts/a", nil)))(r)
	down := &peak{Reader: response.Body, step: step}
	same, err := equal(down, noise(1, size))
	if err := errors.Join(err, response.Body.Close()); err != nil || !same {
		r.Errorf("what came back is the same: %t, %v", same, err)
	}
	for direction, p := range map[string]*peak{"up": up, "down": down} {
		if p.n != uint64(size) || p.live > before+allowed {
			r.Errorf("%s: %d bytes were live, and %d before, for an artifact of %d, announced as %d", direction, p.live, before, p.n, announced)
		}
	}
}

// TestManyUploadsOfUnknownSize checks that a bucket holds a part of each and no
// more. It is not parallel: other tests' bytes would count.
func TestManyUploadsOfUnknownSize(t *testing.T) { //nolint:paralleltest // see above
	const uploads, size, part, little = 16, 20 << 20, 8 << 20, 2 << 20
	r := start(t, bucketsOf(t, s3test.Start(t))(t, store.Options{}), server.Options{})
	before := liveBytes()
	// Only one of them looks: during a garbage collection, the storage seems silent.
	first := peak{Reader: noise(0, size), step: part / 2}
	var group sync.WaitGroup
	for i := range uploads {
		body := noise(uint64(i), size)
		if i == 0 {
			body = &first
		}
		group.Go(func() {
			request := r.request(http.MethodPut, fmt.Sprint("/v8/artifacts/", i), nil)
			request.Body, request.ContentLength = io.NopCloser(body), -1
			if got := r.answer(client.Do(request)); got.Status != http.StatusAccepted {
				t.Error(got)
			}
		})
	}
	group.Wait()
	if first.live > before+uploads*(part+little) {
		t.Errorf("%d bytes were live, and %d before", first.live, before)
	}
}

// equal compares two streams.
func equal(a, b io.Reader) (bool, error) {
	one, other := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(a, one)
		m, otherErr := io.ReadFull(b, other)
		if string(one[:n]) != string(other[:m]) {
			return false, nil
		}
		if err != nil || otherErr != nil {
			return true, unexpected(errors.Join(err, otherErr))
		}
	}
}

// unexpected drops the errors of a stream's end: equal has seen what came.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// benchmark measures a request of an artifact of so many bytes that is there.
func benchmark(b *testing.B, method string, size int64, status int) {
	r := start(b, directory(b, store.Options{}), server.Options{})
	body := make([]byte, size)
	r.do(http.MethodPut, "/v8/artifacts/a", body)
	if method == http.MethodGet {
		body = nil
	}
	b.SetBytes(size)
	for b.Loop() {
		response := must.Get(client.Do(r.request(method, "/v8/artifacts/a", body)))(b)
		_, err := io.Copy(io.Discard, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != status {
			b.Fatal(response.Status, err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	b.Run("1KiB", func(b *testing.B) { benchmark(b, http.MethodPut, 1<<10, http.StatusAccepted) })
	b.Run("64MiB", func(b *testing.B) { benchmark(b, http.MethodPut, 64<<20, http.StatusAccepted) })
}

func BenchmarkGet(b *testing.B) {
	b.Run("1KiB", func(b *testing.B) { benchmark(b, http.MethodGet, 1<<10, http.StatusOK) })
	b.Run("64MiB", func(b *testing.B) { benchmark(b, http.MethodGet, 64<<20, http.StatusOK) })
}
