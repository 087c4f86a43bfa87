// Package storetest checks that an implementation of [store.Store] keeps the
// promises of the interface. Start at [Run], at [RunBounded] for a store with a
// limit, and at [RunWriteOnce] for one that never replaces an artifact.
package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// Run checks the promises of a [store.Store] without a limit. empty returns a new
// store for each test, and closes it when the test ends.
func Run(t *testing.T, empty func(*testing.T) store.Store) {
	t.Helper()
	promises.check(t, empty)
	replacingPromises.check(t, empty)
}

// RunWriteOnce checks the promises of a write-once [store.Store] without a limit.
func RunWriteOnce(t *testing.T, empty func(*testing.T) store.Store) {
	t.Helper()
	promises.check(t, empty)
	writeOncePromises.check(t, empty)
}

// RunBounded checks the further promises of a [store.Store] with a limit. empty
// makes a new store of at most limit bytes.
func RunBounded(t *testing.T, empty func(t *testing.T, limit int64) store.Store) {
	t.Helper()
	boundedPromises.check(t, func(t *testing.T) store.Store { return empty(t, limit) })
}

// contract has a test for each promise.
type contract map[string]func(*testing.T, store.Store)

func (c contract) check(t *testing.T, empty func(*testing.T) store.Store) {
	for name, test := range c {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, empty(t))
		})
	}
}

// Full returns metadata with every field set.
func Full() artifact.Metadata {
	interactive, duration := false, 1234567*time.Millisecond
	return artifact.Metadata{
		CI:          "GITHUB_ACTIONS",
		Interactive: &interactive,
		SHA:         strings.Repeat("5", 200),
		DirtyHash:   `"\ <&> inside`,
		Duration:    &duration,
		Tag:         "fMSM9xKzPrMsvIp7b5SPfcEzOLR02gGHAsv4UL/yhPY=",
	}
}

// Bytes returns n bytes that differ by seed and position.
func Bytes(seed byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i) + byte(i>>8)*7 + byte(i>>16)*31
	}
	return b
}

func key(id string) store.Key { return store.Key{Team: "local", ID: artifact.ID(id)} }

func put(t *testing.T, s store.Store, k store.Key, m artifact.Metadata, body []byte) {
	t.Helper()
	if err := s.Put(t.Context(), k, int64(len(body)), m, bytes.NewReader(body)); err != nil {
		t.Fatalf("Put(%v) = %v", k, err)
	}
}

func putUnknown(t *testing.T, s store.Store, k store.Key, m artifact.Metadata, body []byte) {
	t.Helper()
	if err := s.Put(t.Context(), k, store.UnknownSize, m, bytes.NewReader(body)); err != nil {
		t.Fatalf("Put(%v) with an unknown size = %v", k, err)
	}
}

// putFails fails unless a Put fails with an error that wraps want.
func putFails(t *testing.T, s store.Store, k store.Key, size int64, m artifact.Metadata, body io.Reader, want error) {
	t.Helper()
	if err := s.Put(t.Context(), k, size, m, body); !errors.Is(err, want) {
		t.Errorf("Put(%.300q) of %d bytes with %.60s = %v, want %v", k, size, describe(store.Entry{Metadata: m}), err, want)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// untouched is a body that must not be read.
func untouched(t *testing.T) io.Reader {
	return readerFunc(func([]byte) (int, error) {
		t.Error("the body was read")
		return 0, io.EOF
	})
}

func open(t *testing.T, s store.Store, k store.Key) *store.Blob {
	t.Helper()
	blob, err := s.Get(t.Context(), k)
	if err != nil {
		t.Fatalf("Get(%v) = %v", k, err)
	}
	return blob
}

// expect fails unless Stat and Get of k return exactly m and body.
func expect(t *testing.T, s store.Store, k store.Key, m artifact.Metadata, body []byte) {
	t.Helper()
	want := describe(store.Entry{Size: int64(len(body)), Metadata: m})
	entry, err := s.Stat(t.Context(), k)
	if err != nil || describe(entry) != want {
		t.Errorf("Stat(%v) = %s, %v, want %s", k, describe(entry), err, want)
	}
	blob := open(t, s, k)
	if describe(blob.Entry) != want {
		t.Errorf("Get(%v) = %s, want %s", k, describe(blob.Entry), want)
	}
	expectBody(t, blob, body)
}

func expectBody(t *testing.T, blob *store.Blob, want []byte) {
	t.Helper()
	got, err := io.ReadAll(blob.Body)
	if err := errors.Join(err, blob.Body.Close()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the body has %d bytes (%v), want %d; equal: %t", len(got), err, len(want), bytes.Equal(got, want))
	}
}

func expectNone(t *testing.T, s store.Store, k store.Key) {
	t.Helper()
	expectFails(t.Context(), t, s, k, store.ErrNotFound)
}

// expectFails fails unless Stat and Get of k fail with an error that wraps want.
func expectFails(ctx context.Context, t *testing.T, s store.Store, k store.Key, want error) {
	t.Helper()
	if _, err := s.Stat(ctx, k); !errors.Is(err, want) {
		t.Errorf("Stat(%q) = %v, want %v", k, err, want)
	}
	if found, err := s.Get(ctx, k); !errors.Is(err, want) {
		t.Errorf("Get(%q) = %v, want %v", k, err, want)
		if err == nil {
			_ = found.Body.Close()
		}
	}
}

// describe formats an entry, with its pointers followed.
func describe(e store.Entry) string {
	text, _ := json.Marshal(e) // it never fails
	return string(text)
}
