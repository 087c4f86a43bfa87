package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// replacingPromises are what [Run] checks, and a write-once store does not keep.
var replacingPromises = contract{
	"a second put replaces body and metadata": func(t *testing.T, s store.Store) {
		k := key("one")
		for i, m := range []artifact.Metadata{Full(), {}, {SHA: "third"}} {
			body := Bytes(byte(i), 5000-1000*i)
			put(t, s, k, m, body)
			expect(t, s, k, m, body)
		}
	},
	"a reader keeps what it opened": func(t *testing.T, s store.Store) {
		k, old, young := key("one"), Bytes(1, 300_000), Bytes(2, 200_000)
		put(t, s, k, Full(), old)
		blob := open(t, s, k)
		put(t, s, k, artifact.Metadata{}, young)
		expect(t, s, k, artifact.Metadata{}, young)
		expectBody(t, blob, old)
		expect(t, s, k, artifact.Metadata{}, young)
	},
	"a failed put replaces nothing": func(t *testing.T, s store.Store) {
		k, broken := key("one"), errors.New("connection reset")
		put(t, s, k, Full(), []byte("old"))
		putFails(t, s, k, 0, artifact.Metadata{}, strings.NewReader("x"), store.ErrSize)
		expect(t, s, k, Full(), []byte("old"))
		for _, size := range []int64{200_000, 200_001, store.UnknownSize} {
			body := io.MultiReader(bytes.NewReader(Bytes(0, 200_000)), iotest.ErrReader(broken))
			putFails(t, s, k, size, artifact.Metadata{}, body, broken)
			expect(t, s, k, Full(), []byte("old"))
		}
	},
	// The body of one Put never comes with the metadata of
	// another.
	"concurrent puts and gets of one key": func(t *testing.T, s store.Store) {
		const writers, rounds = 4, 25
		k := key("one")
		version := func(i int) (artifact.Metadata, []byte) {
			return artifact.Metadata{SHA: fmt.Sprint(i)}, Bytes(byte(i), 1000*i)
		}
		first, body := version(1)
		put(t, s, k, first, body)
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for r := range rounds {
					m, body := version(1 + w*rounds + r)
					if err := s.Put(t.Context(), k, int64(len(body)), m, bytes.NewReader(body)); err != nil {
						t.Errorf("Put = %v", err)
						return
					}
				}
			})
			group.Go(func() {
				for range rounds {
					blob, err := s.Get(t.Context(), k)
					if err != nil {
						t.Errorf("Get = %v", err)
						return
					}
					var i int
					if _, err := fmt.Sscan(blob.Metadata.SHA, &i); err != nil {
						t.Errorf("SHA %q: %v", blob.Metadata.SHA, err)
					}
					_, want := version(i)
					expectBody(t, blob, want)
				}
			})
		}
		group.Wait()
	},
}
