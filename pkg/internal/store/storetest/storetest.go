// Package storetest checks that an implementation of [store.Store] keeps the
// promises of the interface. Start at [Run], and at [RunBounded] for a store with
// a limit.
package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// Run checks the promises of a [store.Store] without a limit. empty makes a new
// store for each test, and closes it when the test ends.
func Run(t *testing.T, empty func(*testing.T) store.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		{"round trip", roundTrip},
		{"keys are apart", keysAreApart},
		{"what was never put is not found", notFound},
		{"a second put replaces body and metadata", replaces},
		{"a reader keeps what it opened", readerKeeps},
		{"a body of another length", otherLength},
		{"a body that fails", failingBody},
		{"a body that panics", panickingBody},
		{"an ended context", endedContext},
		{"what cannot be stored", invalid},
		{"concurrent puts and gets of one key", concurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, empty(t))
		})
	}
}

// Full is metadata with every member set.
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

// Bytes are n bytes that differ by seed and by position.
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

// putABC puts three artifacts of one body.
func putABC(t *testing.T, s store.Store, body []byte) {
	t.Helper()
	for _, id := range []string{"a", "b", "c"} {
		put(t, s, key(id), Full(), body)
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

// open opens the artifact of k.
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
	if _, err := s.Stat(t.Context(), k); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Stat(%v) = %v, want ErrNotFound", k, err)
	}
	blob, err := s.Get(t.Context(), k)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get(%v) = %v, want ErrNotFound", k, err)
	}
	if err == nil {
		expectBody(t, blob, nil)
	}
}

// describe writes out what pointers point at.
func describe(e store.Entry) string {
	text, _ := json.Marshal(e) // nothing in it can fail
	return string(text)
}
