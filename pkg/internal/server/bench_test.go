package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// benchmark puts an artifact of size bytes into a directory's server and then
// measures what again does with its URL.
func benchmark(b *testing.B, size int64, again func(url string, body []byte) error) {
	b.Helper()
	d, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	web, err := server.New(d, server.Options{Token: token, Addr: listener.Addr()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- web.Serve(ctx, listener) }()
	url, body := "http://"+listener.Addr().String()+"/v8/artifacts/a", make([]byte, size)
	if err := put(url, body); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		if err := again(url, body); err != nil {
			b.Fatal(err)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

func exchange(method, url string, body io.Reader, status int) error {
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/octet-stream")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != status {
		return fmt.Errorf("%s: %s", method, response.Status)
	}
	return nil
}

func put(url string, body []byte) error {
	return exchange(http.MethodPut, url, bytes.NewReader(body), http.StatusAccepted)
}

func get(url string, _ []byte) error {
	return exchange(http.MethodGet, url, nil, http.StatusOK)
}

func BenchmarkPut(b *testing.B) {
	b.Run("1KiB", func(b *testing.B) { benchmark(b, 1<<10, put) })
	b.Run("64MiB", func(b *testing.B) { benchmark(b, 64<<20, put) })
}

func BenchmarkGet(b *testing.B) {
	b.Run("1KiB", func(b *testing.B) { benchmark(b, 1<<10, get) })
	b.Run("64MiB", func(b *testing.B) { benchmark(b, 64<<20, get) })
}
