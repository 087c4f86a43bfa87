package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// distant is a fake store in a network.
type distant struct{ fake }

// Distant implements store.Distant.
func (distant) Distant() {}

// hashesTo returns a query for the ids 1 to n, each twice.
func hashesTo(t *testing.T, n int) []byte {
	t.Helper()
	var hashes []string
	for i := range 2 * n {
		hashes = append(hashes, fmt.Sprint(i%n+1))
	}
	return must.Get(json.Marshal(map[string]any{"hashes": hashes}))(t)
}

// TestQueryOfDistantStore checks that 32 artifacts are looked up at a time, and
// that the answer is in the order of the question.
func TestQueryOfDistantStore(t *testing.T) {
	t.Parallel()
	var together sync.WaitGroup
	together.Add(32)
	r := start(t, distant{fake{stat: func(key store.Key) (store.Entry, error) {
		n, err := strconv.ParseInt(string(key.ID), 10, 64)
		if err != nil {
			return store.Entry{}, err
		}
		if n <= 32 {
			together.Done()
			together.Wait()
		}
		if n%3 == 0 {
			return store.Entry{}, store.ErrNotFound
		}
		return store.Entry{Size: n}, nil
	}}}, server.Options{})
	var want []string
	for n := 1; n <= 100; n++ {
		result := fmt.Sprintf(`"%d":{"size":%d,"taskDurationMs":0}`, n, n)
		if n%3 == 0 {
			result = fmt.Sprintf(`"%d":null`, n)
		}
		want = append(want, result)
	}
	got := r.do(http.MethodPost, "/v8/artifacts", hashesTo(t, 100))
	if got.Status != 200 || got.Body != "{"+strings.Join(want, ",")+"}\n" {
		t.Errorf("%v, want {%s}", got, strings.Join(want, ","))
	}
}

// TestFailingStore checks that every request is 503 with Retry-After while the
// storage fails, and is logged once, with the cause. An answer to a query that has
// begun is cut off: turbo would take a miss for the truth.
func TestFailingStore(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	unavailable := fmt.Errorf("looking up: %w: %w", store.ErrUnavailable, cause)
	fails := func(id string) bool { return len(id) != 2 } // 10 to 99
	r := start(t, distant{fake{
		put: func(store.Key, int64, artifact.Metadata, io.Reader) error { return unavailable },
		get: func(store.Key) (*store.Blob, error) { return nil, unavailable },
		stat: func(key store.Key) (store.Entry, error) {
			if fails(string(key.ID)) {
				return store.Entry{}, unavailable
			}
			return store.Entry{}, nil
		},
	}}, server.Options{})
	for _, request := range []struct {
		method, path string
		body         []byte
	}{
		{http.MethodPut, "/v8/artifacts/a", []byte("body")},
		{http.MethodGet, "/v8/artifacts/a", nil},
		{http.MethodPost, "/v8/artifacts", hashesTo(t, 10_000)},
	} {
		got := r.do(request.method, request.path, request.body)
		r.expectFailure(request.method, got, 503, "service_unavailable", "The cache's storage is not available.")
		if got.Header.Get("Retry-After") != "5" {
			t.Errorf("%s: Retry-After: %q, want 5", request.method, got.Header.Get("Retry-After"))
		}
	}
	if got := r.do(http.MethodHead, "/v8/artifacts/a", nil); got.Status != 503 || got.Header.Get("Retry-After") != "5" {
		t.Errorf("HEAD: %v", got)
	}
	var hashes []string
	for n := 10; n <= 100; n++ {
		hashes = append(hashes, fmt.Sprint(n))
	}
	response, err := client.Do(r.request(http.MethodPost, "/v8/artifacts", must.Get(json.Marshal(map[string]any{"hashes": hashes}))(t)))
	if err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a query that fails in the middle ends with %v, want an answer that is cut off", err)
	}
	for _, a := range r.log(5) {
		if a.Err == nil || a.Err.Error() != unavailable.Error() {
			t.Errorf("%s: the log says %v, want %v", a.Method, a.Err, unavailable)
		}
	}
}
