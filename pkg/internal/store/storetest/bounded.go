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

// limit has room for three of blob, with what a store may write beside each, and not
// for four.
const (
	blobSize = 100_000
	limit    = 3*blobSize + 50_000
)

var blob, threefold = Bytes(1, blobSize), Bytes(2, 3*blobSize)

// putEach puts blob under each id.
func putEach(t *testing.T, s store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		put(t, s, key(id), Full(), blob)
	}
}

// expectEach fails unless there is blob under each id.
func expectEach(t *testing.T, s store.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		expect(t, s, key(id), Full(), blob)
	}
}

// within returns a body that calls check when it is read, and then is all of body.
func within(body []byte, check func()) io.Reader {
	begin := readerFunc(func([]byte) (int, error) {
		check()
		return 0, io.EOF
	})
	return io.MultiReader(begin, bytes.NewReader(body))
}

// boundedPromises are what [RunBounded] checks.
var boundedPromises = contract{
	"the least recently used goes first": func(t *testing.T, s store.Store) {
		putEach(t, s, "a", "b", "c")
		expectEach(t, s, "a") // a Get: a is the youngest
		if _, err := s.Stat(t.Context(), key("b")); err != nil {
			t.Fatal(err)
		}
		putEach(t, s, "d")
		expectNone(t, s, key("b"))
		put(t, s, key("a"), artifact.Metadata{}, blob) // in its own place
		expectNone(t, s, key("c"))
		expect(t, s, key("a"), artifact.Metadata{}, blob)
		expectEach(t, s, "d")
	},
	"what can never fit": func(t *testing.T, s store.Store) {
		putEach(t, s, "a")
		for _, size := range []int64{limit, limit + 1, 1<<63 - 1} {
			putFails(t, s, key("b"), size, Full(), untouched(t), store.ErrTooLarge)
		}
		expectNone(t, s, key("b"))
		expectEach(t, s, "a") // nothing was removed for it
	},
	"what turns out not to fit": func(t *testing.T, s store.Store) {
		put(t, s, key("old"), Full(), []byte("old"))
		for range 3 {
			putFails(t, s, key("a"), store.UnknownSize, Full(), bytes.NewReader(Bytes(1, limit)), store.ErrTooLarge)
			expectNone(t, s, key("a"))
		}
		for _, id := range []string{"a", "b", "c"} { // the room is there again
			putUnknown(t, s, key(id), Full(), blob)
		}
		read := open(t, s, key("a"))
		putFails(t, s, key("d"), store.UnknownSize, Full(), bytes.NewReader(threefold), store.ErrFull)
		expectBody(t, read, blob)
	},
	"what is read stays": func(t *testing.T, s store.Store) {
		putEach(t, s, "a", "b", "c")
		a, b, c, again := open(t, s, key("a")), open(t, s, key("b")), open(t, s, key("c")), open(t, s, key("b"))
		putFails(t, s, key("d"), blobSize, Full(), untouched(t), store.ErrFull)
		expectBody(t, b, blob)
		putFails(t, s, key("d"), blobSize, Full(), untouched(t), store.ErrFull)
		expectBody(t, again, blob)
		putEach(t, s, "d")
		expectNone(t, s, key("b"))
		expectBody(t, a, blob)
		expectBody(t, c, blob)
		expectEach(t, s, "a")
	},
	"a refused put removes nothing": func(t *testing.T, s store.Store) {
		putEach(t, s, "a", "b", "c")
		read := open(t, s, key("b"))
		body := within(blob, func() {
			for _, size := range []int64{2 * blobSize, 3 * blobSize} { // beside the put and the reader, and beside each
				putFails(t, s, key("e"), size, Full(), untouched(t), store.ErrFull)
			}
		})
		if err := s.Put(t.Context(), key("d"), blobSize, Full(), body); err != nil {
			t.Fatalf("Put = %v", err)
		}
		expectNone(t, s, key("a")) // it had to go for d
		expectEach(t, s, "c", "d")
		expectBody(t, read, blob)
		put(t, s, key("e"), Full(), threefold) // the room is free again
		expect(t, s, key("e"), Full(), threefold)
	},
	"what was replaced counts while it is read": func(t *testing.T, s store.Store) {
		putEach(t, s, "a")
		old := open(t, s, key("a"))
		putEach(t, s, "a", "b")
		expectEach(t, s, "a")
		putEach(t, s, "c") // the old a is still there, so b has to go
		expectNone(t, s, key("b"))
		expectBody(t, old, blob)
		putEach(t, s, "d")
		expectEach(t, s, "a", "c", "d")
	},
	"a failed put gives its room back": func(t *testing.T, s store.Store) {
		for i := range 10 {
			putFails(t, s, key("a"), 2*blobSize, Full(), bytes.NewReader(Bytes(1, i*1000)), store.ErrSize)
		}
		putEach(t, s, "a", "b", "c")
		expectEach(t, s, "a", "b", "c")
	},
	"a put keeps its room": func(t *testing.T, s store.Store) {
		putEach(t, s, "a")
		body := within(threefold, func() {
			expectNone(t, s, key("a")) // it had to go for this one
			putFails(t, s, key("c"), blobSize, Full(), untouched(t), store.ErrFull)
		})
		if err := s.Put(t.Context(), key("b"), 3*blobSize, Full(), body); err != nil {
			t.Fatalf("Put = %v", err)
		}
		expect(t, s, key("b"), Full(), threefold)
	},
	"concurrent": func(t *testing.T, s store.Store) {
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
					switch got, err := s.Get(t.Context(), key(fmt.Sprint("id-", i))); {
					case err == nil:
						expectBody(t, got, Bytes(byte(i), size(i)))
					case !errors.Is(err, store.ErrNotFound):
						t.Errorf("Get = %v", err)
					}
				}
			})
		}
		group.Wait()
		// All room can be had again.
		put(t, s, key("last"), Full(), threefold)
		expect(t, s, key("last"), Full(), threefold)
	},
}
