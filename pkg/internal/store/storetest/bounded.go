package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// limit has room for three artifacts of blobSize, with what a store may write
// beside each, and not for four.
const (
	blobSize = 100_000
	limit    = 3*blobSize + 50_000
)

// RunBounded checks the further promises of a [store.Store] with a limit, besides
// those of [Run]. empty makes a new store of at most limit bytes for each test,
// and closes it when the test ends.
func RunBounded(t *testing.T, empty func(t *testing.T, limit int64) store.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		{"the least recently used goes first", leastRecentlyUsed},
		{"what can never fit", neverFits},
		{"what turns out not to fit", turnsOutNotToFit},
		{"what is read stays", whatIsReadStays},
		{"what was replaced counts while it is read", replacedCounts},
		{"a refused put removes nothing", refusedRemovesNothing},
		{"a failed put gives its room back", roomComesBack},
		{"a put keeps its room", putKeepsRoom},
		{"concurrent", boundedConcurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, empty(t, limit))
		})
	}
}

func leastRecentlyUsed(t *testing.T, s store.Store) {
	body := Bytes(1, blobSize)
	putABC(t, s, body)
	expect(t, s, key("a"), Full(), body) // a Get: a is the youngest
	if _, err := s.Stat(t.Context(), key("b")); err != nil {
		t.Fatal(err)
	}
	put(t, s, key("d"), Full(), body)
	expectNone(t, s, key("b"))
	put(t, s, key("a"), artifact.Metadata{}, body) // in its own place
	expectNone(t, s, key("c"))
	expect(t, s, key("a"), artifact.Metadata{}, body)
	expect(t, s, key("d"), Full(), body)
}

func neverFits(t *testing.T, s store.Store) {
	put(t, s, key("a"), Full(), Bytes(1, blobSize))
	for _, size := range []int64{limit, limit + 1, 1<<63 - 1} {
		putFails(t, s, key("b"), size, Full(), untouched(t), store.ErrTooLarge)
	}
	expectNone(t, s, key("b"))
	expect(t, s, key("a"), Full(), Bytes(1, blobSize)) // nothing was removed for it
}

func turnsOutNotToFit(t *testing.T, s store.Store) {
	put(t, s, key("old"), Full(), []byte("old"))
	for range 3 {
		putFails(t, s, key("a"), store.UnknownSize, Full(), bytes.NewReader(Bytes(1, limit)), store.ErrTooLarge)
		expectNone(t, s, key("a"))
	}
	body := Bytes(1, blobSize)
	for _, id := range []string{"a", "b", "c"} { // the room is there again
		if err := s.Put(t.Context(), key(id), store.UnknownSize, Full(), bytes.NewReader(body)); err != nil {
			t.Fatalf("Put = %v", err)
		}
	}
	read := open(t, s, key("a"))
	putFails(t, s, key("d"), store.UnknownSize, Full(), bytes.NewReader(Bytes(1, 3*blobSize)), store.ErrFull)
	expectBody(t, read, body)
}

func whatIsReadStays(t *testing.T, s store.Store) {
	body := Bytes(1, blobSize)
	var blobs []*store.Blob
	for _, id := range []string{"a", "b", "c"} {
		put(t, s, key(id), Full(), body)
		blobs = append(blobs, open(t, s, key(id)))
	}
	again := open(t, s, key("b"))
	putFails(t, s, key("d"), blobSize, Full(), untouched(t), store.ErrFull)
	expectBody(t, blobs[1], body)
	putFails(t, s, key("d"), blobSize, Full(), untouched(t), store.ErrFull)
	expectBody(t, again, body)
	put(t, s, key("d"), Full(), body)
	expectNone(t, s, key("b"))
	expectBody(t, blobs[0], body)
	expectBody(t, blobs[2], body)
	expect(t, s, key("a"), Full(), body)
}

func refusedRemovesNothing(t *testing.T, s store.Store) {
	body := Bytes(1, blobSize)
	putABC(t, s, body)
	read := open(t, s, key("b"))
	within := readerFunc(func([]byte) (int, error) {
		for _, size := range []int64{2 * blobSize, 3 * blobSize} { // beside the put and the reader, and beside each
			putFails(t, s, key("e"), size, Full(), untouched(t), store.ErrFull)
		}
		return 0, io.EOF
	})
	if err := s.Put(t.Context(), key("d"), blobSize, Full(), io.MultiReader(within, bytes.NewReader(body))); err != nil {
		t.Fatalf("Put = %v", err)
	}
	expectNone(t, s, key("a")) // it had to go for d
	expect(t, s, key("c"), Full(), body)
	expect(t, s, key("d"), Full(), body)
	expectBody(t, read, body)
	put(t, s, key("e"), Full(), Bytes(2, 3*blobSize)) // what was held can be had again
	expect(t, s, key("e"), Full(), Bytes(2, 3*blobSize))
}

func replacedCounts(t *testing.T, s store.Store) {
	body := Bytes(1, blobSize)
	put(t, s, key("a"), Full(), body)
	old := open(t, s, key("a"))
	put(t, s, key("a"), Full(), body)
	put(t, s, key("b"), Full(), body)
	expect(t, s, key("a"), Full(), body)
	put(t, s, key("c"), Full(), body) // the old a is still there, so b has to go
	expectNone(t, s, key("b"))
	expectBody(t, old, body)
	put(t, s, key("d"), Full(), body)
	for _, id := range []string{"a", "c", "d"} {
		expect(t, s, key(id), Full(), body)
	}
}

func roomComesBack(t *testing.T, s store.Store) {
	for i := range 10 {
		putFails(t, s, key("a"), 2*blobSize, Full(), bytes.NewReader(Bytes(1, i*1000)), store.ErrSize)
	}
	putABC(t, s, Bytes(1, blobSize))
	for _, id := range []string{"a", "b", "c"} {
		expect(t, s, key(id), Full(), Bytes(1, blobSize))
	}
}

func putKeepsRoom(t *testing.T, s store.Store) {
	put(t, s, key("a"), Full(), Bytes(1, blobSize))
	within := readerFunc(func([]byte) (int, error) {
		expectNone(t, s, key("a")) // it had to go for this one
		putFails(t, s, key("c"), blobSize, Full(), untouched(t), store.ErrFull)
		return 0, io.EOF
	})
	body := io.MultiReader(within, bytes.NewReader(Bytes(2, 3*blobSize)))
	if err := s.Put(t.Context(), key("b"), 3*blobSize, Full(), body); err != nil {
		t.Fatalf("Put = %v", err)
	}
	expect(t, s, key("b"), Full(), Bytes(2, 3*blobSize))
}

func boundedConcurrent(t *testing.T, s store.Store) {
	const goroutines, rounds = 8, 40
	size := func(i int) int { return i * 37 % 11 * 10_000 }
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for r := range rounds {
				i := (g*7 + r*5) % 23
				k, body := key(fmt.Sprint("id-", i)), Bytes(byte(i), size(i))
				err := s.Put(t.Context(), k, int64(len(body)), Full(), bytes.NewReader(body))
				if err != nil && !errors.Is(err, store.ErrFull) {
					t.Errorf("Put = %v", err)
				}
				i = (g + r*3) % 23
				blob, err := s.Get(t.Context(), key(fmt.Sprint("id-", i)))
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					t.Errorf("Get = %v", err)
					continue
				}
				expectBody(t, blob, Bytes(byte(i), size(i)))
			}
		})
	}
	group.Wait()
	// All room can be had again.
	put(t, s, key("last"), Full(), Bytes(1, 3*blobSize))
	expect(t, s, key("last"), Full(), Bytes(1, 3*blobSize))
}
