package store_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// longer is as long as any wait for storage.
const longer = store.LongestWait

// pausing is a body that pauses before the first byte, and in the middle.
func pausing(body []byte) io.Reader {
	pause := readerFunc(func([]byte) (int, error) {
		time.Sleep(longer)
		return 0, io.EOF
	})
	half := len(body) / 2
	return io.MultiReader(pause, bytes.NewReader(body[:half]), pause, bytes.NewReader(body[half:]))
}

// TestSlowClients checks that the time of a client does not count.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	body := storetest.Bytes(5, 9<<20)
	for name, options := range map[string]store.BucketOptions{"": {}, "write-once": {WriteOnce: true}} {
		for _, size := range []int64{int64(len(body)), store.UnknownSize} {
			if options.WriteOnce && size == store.UnknownSize {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := openBucket(t, server, options)
				if err := b.Put(t.Context(), key("a"), size, storetest.Full(), pausing(body)); err != nil {
					t.Fatalf("a slow upload: %v", err)
				}
				if options.WriteOnce {
					if err := b.Put(t.Context(), key("a"), size, storetest.Full(), pausing(body)); err != nil {
						t.Errorf("a slow upload of the same bytes: %v", err)
					}
				}
				blob, err := b.Get(t.Context(), key("a"))
				if err != nil {
					t.Fatal(err)
				}
				start := make([]byte, 1000)
				_, err = io.ReadFull(blob.Body, start)
				time.Sleep(longer)
				rest, restErr := io.ReadAll(blob.Body)
				if err := errors.Join(err, restErr, blob.Body.Close()); err != nil || !bytes.Equal(append(start, rest...), body) {
					t.Errorf("a slow download: %v", err)
				}
			})
		}
	}
}

// stalling is a toxic that passes on some bytes and then nothing.
type stalling int

// Pipe implements toxics.Toxic.
func (s stalling) Pipe(stub *toxics.ToxicStub) {
	for left := int(s); left > 0; {
		chunk := <-stub.Input
		if chunk == nil {
			return
		}
		chunk.Data = chunk.Data[:min(left, len(chunk.Data))]
		left -= len(chunk.Data)
		stub.Output <- chunk
	}
	new(toxics.TimeoutToxic).Pipe(stub)
}

// TestStalledStorage checks that a call fails soon when storage stops in the middle
// of a body, and leaves nothing behind. It is not parallel, to count goroutines.
func TestStalledStorage(t *testing.T) {
	proxy, seen := s3test.Start(t).Through(t)
	b := openBucket(t, seen, store.BucketOptions{})
	body := storetest.Bytes(6, 9<<20)
	put(t, b, "old", string(body))
	for name, fail := range map[string]struct {
		out, back toxics.Toxic
		call      func() error
	}{
		"a download":                {nil, stalling(1 << 20), func() error { return readAll(t, b, "old") }},
		"an upload":                 {stalling(1 << 20), nil, func() error { return putCall("new", int64(len(body)), len(body))(t, b) }},
		"an upload of unknown size": {stalling(1 << 20), nil, func() error { return putCall("new", store.UnknownSize, len(body))(t, b) }},
	} {
		proxy.Fail(fail.out, fail.back)
		began := time.Now()
		if err := fail.call(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		if took := time.Since(began); took > answerTime {
			t.Errorf("%s took %v", name, took)
		}
		proxy.Fail(nil, nil)
		expectContents(t, b, map[string]string{"old": string(body), "new": "not found"})
	}
	must.Do(t, b.Close())
	proxy.Down()
	late := time.After(time.Minute)
	for all := make([]byte, 1<<20); ; {
		stacks := string(all[:runtime.Stack(all, true)])
		if !strings.Contains(stacks, "/store.(") && !strings.Contains(stacks, "minio") && !strings.Contains(stacks, "http.(*persistConn)") {
			return
		}
		select {
		case <-late:
			t.Fatalf("these goroutines are left:\n%s", stacks)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
