package server_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

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
