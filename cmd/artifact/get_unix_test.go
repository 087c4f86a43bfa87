//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGetSignals interrupts a download: nothing of it remains, and an existing
// file is unchanged.
func TestGetSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "old"), hello)
			for _, target := range []string{"old", "new"} {
				server, reached := halfOf(t, strings.Repeat("x", 500_000))
				running := start(t, call{args: []string{"get", "k", "-o", target}, dir: dir, env: server.env()}.command(t))
				await(t, reached)
				send(t, running, sig)
				running.end(t, outcome{code: 128 + int(sig)})
			}
			if left := entries(t, dir); len(left) != 1 {
				t.Errorf("%v is left", left)
			}
			if content, err := os.ReadFile(filepath.Join(dir, "old")); err != nil || string(content) != hello {
				t.Errorf("old holds %q, %v", content, err)
			}
		})
	}
}

// halfOf is a cache that sends the beginning of an artifact, closes the channel, and
// then waits.
func halfOf(t *testing.T, beginning string) (*recorder, <-chan struct{}) {
	t.Helper()
	reached, over := make(chan struct{}), make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_, _ = io.WriteString(w, beginning)
		w.(http.Flusher).Flush()
		close(reached)
		<-over
	})
	t.Cleanup(func() { close(over) })
	return server, reached
}

// TestGetTwoSignals sends two signals at once, as a closed terminal does: the
// kernel and the shell both send SIGHUP.
func TestGetTwoSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range stopping {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := compressTar(slices.Repeat([]string{tarDir("d/"), tarFile("d/f"), tarFile("g")}, 100)...)
			for i := range 10 {
				args, beginning := []string{"get", "k", "-o", "new"}, strings.Repeat("x", 500_000)
				if i%2 == 0 {
					args, beginning = []string{"get", "k", "--unpack"}, files
				}
				server, reached := halfOf(t, beginning)
				running := start(t, call{args: args, dir: dir, env: server.env()}.command(t))
				await(t, reached)
				until(t, func() bool { return len(entries(t, dir)) == 1 })
				send(t, running, sig)
				_ = running.Process.Signal(sig) // it may be gone by now
				running.end(t, outcome{code: 128 + int(sig)})
				empty(t, dir)
			}
		})
	}
}

func entries(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	found := must(os.ReadDir(dir))(t)
	return found
}
