package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

func TestWriteOnceContract(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]store.Options{
		"alone":        {WriteOnce: true},
		"with a limit": {WriteOnce: true, MaxSize: 1 << 30},
		"with an age":  {WriteOnce: true, MaxAge: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.RunWriteOnce(t, func(t *testing.T) store.Store { return open(t, t.TempDir(), options) })
		})
	}
	t.Run("shared", func(t *testing.T) {
		t.Parallel()
		storetest.RunWriteOnce(t, func(t *testing.T) store.Store {
			dir := t.TempDir()
			return &alternating{stores: [2]store.Store{
				open(t, dir, store.Options{WriteOnce: true}), open(t, dir, store.Options{WriteOnce: true, MaxSize: 1 << 30}),
			}}
		})
	})
}

// TestReplacingOnce puts different bodies at the same time, through two stores,
// over an artifact that may be replaced, or is removed meanwhile for its age.
func TestReplacingOnce(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{
		"damaged": "half of an artif",
		"expired": `{"artifact":1,"team":"local","id":"a","size":4,"stored":"2020-01-01T00:00:00Z"}` + "\nbody",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 30 {
				dir := t.TempDir()
				options := store.Options{WriteOnce: true, MaxAge: time.Hour}
				stores := [2]*store.Dir{open(t, dir, options), open(t, dir, options)}
				write(t, filepath.Join(dir, "local", "a"), before)
				replaceOnce(t, stores)
				expectTree(t, dir, "CACHEDIR.TAG", "local/a")
			}
		})
	}
}

func replaceOnce(t *testing.T, stores [2]*store.Dir) {
	t.Helper()
	var errs [8]error
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			body := storetest.Bytes(byte(i), 50_000)
			errs[i] = stores[i%2].Put(t.Context(), key("a"), 50_000, artifact.Metadata{}, bytes.NewReader(body))
		})
	}
	for _, d := range stores {
		group.Go(func() {
			for range 20 {
				if err := d.Sweep(t.Context()); err != nil {
					t.Errorf("sweep = %v", err)
				}
			}
		})
	}
	group.Wait()
	winner := slices.Index(errs[:], nil)
	for i, err := range errs {
		if i != winner && !errors.Is(err, store.ErrExists) {
			t.Errorf("Put %d = %v, and Put %d = nil", i, err, winner)
		}
	}
	expectContents(t, stores[0], map[string]string{"a": string(storetest.Bytes(byte(winner), 50_000))})
}

// TestDamagedWhileCompared truncates a file in the middle of a second Put.
func TestDamagedWhileCompared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, dir, store.Options{WriteOnce: true})
	body := string(storetest.Bytes(1, 1<<20))
	put(t, d, "a", body)
	cut := readerFunc(func([]byte) (int, error) {
		must.Do(t, os.Truncate(filepath.Join(dir, "local", "a"), 1000))
		return 0, io.EOF
	})
	again := io.MultiReader(strings.NewReader(body[:500_000]), cut, strings.NewReader(body[500_000:]))
	if err := d.Put(t.Context(), key("a"), int64(len(body)), artifact.Metadata{}, again); err == nil {
		t.Error("Put over a file that was cut off meanwhile succeeded")
	}
	put(t, d, "a", "healed")
	expectContents(t, d, map[string]string{"a": "healed"})
}

// TestPutAgainIsAUse checks that a Put of the same bytes counts as a use.
func TestPutAgainIsAUse(t *testing.T) {
	t.Parallel()
	d, body := open(t, t.TempDir(), store.Options{WriteOnce: true, MaxSize: 35_000}), strings.Repeat("x", 10_000)
	for _, id := range []string{"a", "b", "c", "a", "d"} {
		put(t, d, id, body)
	}
	expectContents(t, d, map[string]string{"a": body, "b": "not found", "c": body, "d": body})
}

// alternating is two stores of one directory, used in turns.
type alternating struct {
	stores [2]store.Store
	calls  atomic.Int64
}

func (a *alternating) next() store.Store { return a.stores[a.calls.Add(1)%2] }

func (a *alternating) Put(ctx context.Context, k store.Key, size int64, m artifact.Metadata, body io.Reader) error {
	return a.next().Put(ctx, k, size, m, body)
}

func (a *alternating) Get(ctx context.Context, k store.Key) (*store.Blob, error) {
	return a.next().Get(ctx, k)
}

func (a *alternating) Stat(ctx context.Context, k store.Key) (store.Entry, error) {
	return a.next().Stat(ctx, k)
}
