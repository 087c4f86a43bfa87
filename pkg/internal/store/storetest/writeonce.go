package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// writeOncePromises are what [RunWriteOnce] checks in addition.
var writeOncePromises = contract{
	"the same bytes again": func(t *testing.T, s store.Store) {
		for _, size := range []int{0, 1, 4096, 300_001} {
			k, body := key(fmt.Sprint("size-", size)), Bytes(1, size)
			put(t, s, k, Full(), body)
			put(t, s, k, artifact.Metadata{SHA: "second"}, body)
			putUnknown(t, s, k, artifact.Metadata{SHA: "third"}, body)
			expect(t, s, k, Full(), body)
		}
	},
	"other bytes": func(t *testing.T, s store.Store) {
		k, first := key("one"), Bytes(1, 300_000)
		put(t, s, k, Full(), first)
		for _, at := range []int{0, 150_000, len(first) - 1} {
			other := slices.Clone(first)
			other[at]++
			for _, size := range []int64{int64(len(other)), store.UnknownSize} {
				putFails(t, s, k, size, artifact.Metadata{}, bytes.NewReader(other), store.ErrExists)
				expect(t, s, k, Full(), first)
			}
		}
		for _, other := range [][]byte{nil, first[:1], first[:len(first)-1], append(slices.Clone(first), 'x')} {
			putFails(t, s, k, store.UnknownSize, artifact.Metadata{}, bytes.NewReader(other), store.ErrExists)
			putFails(t, s, k, int64(len(other)), artifact.Metadata{}, untouched(t), store.ErrExists)
			expect(t, s, k, Full(), first)
		}
	},
	"an empty artifact stays": func(t *testing.T, s store.Store) {
		put(t, s, key("one"), Full(), nil)
		putFails(t, s, key("one"), 1, artifact.Metadata{}, untouched(t), store.ErrExists)
		putFails(t, s, key("one"), store.UnknownSize, artifact.Metadata{}, bytes.NewReader([]byte("x")), store.ErrExists)
		expect(t, s, key("one"), Full(), nil)
	},
	"a body of another length than announced": func(t *testing.T, s store.Store) {
		k, first := key("one"), Bytes(1, 200_000)
		put(t, s, k, Full(), first)
		for _, other := range [][]byte{nil, first[:1], first[:len(first)-1], append(slices.Clone(first), 'x')} {
			putFails(t, s, k, int64(len(first)), artifact.Metadata{}, bytes.NewReader(other), store.ErrSize)
			expect(t, s, k, Full(), first)
		}
	},
	"the same bytes that break off": func(t *testing.T, s store.Store) {
		k, first, broken := key("one"), Bytes(1, 200_000), errors.New("connection reset")
		put(t, s, k, Full(), first)
		for _, before := range []int{0, 1, len(first) - 1, len(first)} {
			for _, size := range []int64{int64(len(first)), store.UnknownSize} {
				body := io.MultiReader(bytes.NewReader(first[:before]), iotest.ErrReader(broken))
				putFails(t, s, k, size, artifact.Metadata{}, body, broken)
				expect(t, s, k, Full(), first)
			}
		}
	},
	"readers keep what they opened": func(t *testing.T, s store.Store) {
		k, first := key("one"), Bytes(1, 300_000)
		put(t, s, k, Full(), first)
		blobs := []*store.Blob{open(t, s, k), open(t, s, k)}
		put(t, s, k, artifact.Metadata{}, first)
		expectBody(t, blobs[0], first)
		putFails(t, s, k, int64(len(first)), artifact.Metadata{}, bytes.NewReader(Bytes(2, len(first))), store.ErrExists)
		expectBody(t, blobs[1], first)
	},
	"concurrent puts of one key": func(t *testing.T, s store.Store) {
		for round := range 20 {
			race(t, s, key(fmt.Sprint("round-", round)))
		}
	},
}

// race puts different bodies under one key at the same time, each several times:
// exactly one of the bodies is stored, and only its Puts succeed.
func race(t *testing.T, s store.Store, k store.Key) {
	t.Helper()
	const puts = 9
	version := func(i int) (artifact.Metadata, []byte) {
		return artifact.Metadata{SHA: fmt.Sprint(i)}, Bytes(byte(i), 100_000+i/2) // two of one length, and another
	}
	var errs [puts]error
	var group sync.WaitGroup
	for i := range puts {
		group.Go(func() {
			m, body := version(i % 3)
			size := int64(len(body))
			if i%2 == 0 {
				size = store.UnknownSize
			}
			errs[i] = s.Put(t.Context(), k, size, m, bytes.NewReader(body))
		})
	}
	group.Wait()
	winner := slices.Index(errs[:], nil)
	if winner < 0 {
		t.Fatalf("no Put succeeded: %v", errs)
	}
	for i, err := range errs {
		if i%3 == winner%3 && err != nil || i%3 != winner%3 && !errors.Is(err, store.ErrExists) {
			t.Errorf("Put %d = %v, after Put %d of the same key succeeded", i, err, winner)
		}
	}
	m, body := version(winner % 3)
	expect(t, s, k, m, body)
}
