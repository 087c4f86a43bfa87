package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// bulk returns an uploader to a cache that answers each upload, once read, after
// answer.
func bulk(t *testing.T, jobs int, answer func(*http.Request)) *transfer.Uploader {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		answer(r)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{API: server.URL, Token: "t", Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	return &transfer.Uploader{Client: c, Describe: func(context.Context) artifact.Metadata { return artifact.Metadata{} }}
}

// TestPutAllKeepsTheOrder checks the order of results if some inputs take long.
func TestPutAllKeepsTheOrder(t *testing.T) {
	t.Parallel()
	uploader := bulk(t, 8, func(*http.Request) { time.Sleep(rand.N(5 * time.Millisecond)) })
	dir := t.TempDir()
	var paths []string
	for i := range 200 {
		path := filepath.Join(dir, fmt.Sprint(i))
		if i%7 != 3 { // those are missing
			if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		paths = append(paths, path)
	}
	inputs := func(yield func(transfer.Input, error) bool) {
		for _, path := range paths {
			if !yield(transfer.Input{Path: path, Algorithm: transfer.SHA256}, nil) {
				return
			}
		}
	}
	var got []string
	for result := range uploader.PutAll(t.Context(), inputs, transfer.Batch{Jobs: 8}) {
		want := transfer.Uploaded
		if len(got)%7 == 3 {
			want = transfer.Failed
		}
		if result.Status != want || (want == transfer.Failed) != errors.Is(result.Err, fs.ErrNotExist) {
			t.Errorf("%+v, want %s", result, want)
		}
		got = append(got, result.Path)
	}
	if !slices.Equal(got, paths) {
		t.Errorf("%q", got)
	}
}

// TestPutAllIsBounded checks how far a list is read if its first upload never
// ends.
func TestPutAllIsBounded(t *testing.T) {
	t.Parallel()
	const window = client.MaxQuery
	stuck := make(chan struct{})
	uploader := bulk(t, 2, func(*http.Request) { <-stuck })
	first := filepath.Join(t.TempDir(), "first")
	if err := os.WriteFile(first, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var taken atomic.Int64
	inputs := func(yield func(transfer.Input, error) bool) {
		for path := first; taken.Add(1) <= 3*window; path = first + "missing" {
			if !yield(transfer.Input{Path: path, Algorithm: transfer.SHA256}, nil) {
				return
			}
		}
	}
	go func() {
		defer close(stuck)
		for taken.Load() < window {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)    // for more, if more were taken
		if n := taken.Load(); n > window+2 { // the stuck entry, and the next
			t.Errorf("%d entries were taken behind one that is stuck", n)
		}
	}()
	results := 0
	for range uploader.PutAll(t.Context(), inputs, transfer.Batch{Jobs: 2}) {
		results++
	}
	if results != 3*window {
		t.Errorf("%d results", results)
	}
}

// TestMemoryOfLists checks that memory does not grow with a list. It is not
// parallel, since it measures the heap.
func TestMemoryOfLists(t *testing.T) {
	const count, limit = 60_000, 8 << 20
	uploader := bulk(t, 8, func(*http.Request) {})
	missing := filepath.Join(t.TempDir(), "missing")
	inputs := func(yield func(transfer.Input, error) bool) {
		for i := range count {
			if !yield(transfer.Input{Path: fmt.Sprintf("%s%d", missing, i), Algorithm: transfer.SHA256}, nil) {
				return
			}
		}
	}
	verifier := transfer.Verifier{Client: uploader.Client, Jobs: 8}
	for name, run := range map[string]func(func()){
		"put": func(each func()) {
			for range uploader.PutAll(t.Context(), inputs, transfer.Batch{Jobs: 8}) {
				each()
			}
		},
		"verify": func(each func()) {
			for range verifier.All(t.Context(), inputs) {
				each()
			}
		},
		"look up": func(each func()) {
			for range verifier.LookUp(t.Context(), inputs) {
				each()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var early, late uint64
			n := 0
			run(func() {
				switch n++; n {
				case count / 6:
					early = alive()
				case count - 1:
					late = alive()
				}
			})
			if n != count || early == 0 || late > early+limit/8 || late > limit {
				t.Errorf("%d results; %d bytes were alive early, %d late", n, early, late)
			}
		})
	}
}

// alive returns the live bytes on the heap.
func alive() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}
