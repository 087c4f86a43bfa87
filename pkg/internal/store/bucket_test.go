package store_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

func TestBucketContract(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]*s3test.Server{"http": s3test.Start(t), "https": s3test.StartTLS(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) store.Store { return openBucket(t, server, store.BucketOptions{}) })
		})
	}
}

func TestWriteOnceBucket(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	storetest.RunWriteOnce(t, func(t *testing.T) store.Store {
		b := openBucket(t, server, store.BucketOptions{WriteOnce: true})
		if !b.HasConditionalWrites() {
			t.Error("versitygw checks If-None-Match, but the bucket says that it does not")
		}
		return b
	})
}

// openBucket opens a bucket with a prefix of its own.
func openBucket(t *testing.T, server *s3test.Server, options store.BucketOptions) *store.Bucket {
	t.Helper()
	b, err := tryBucket(t, server, strings.ReplaceAll(t.Name(), "#", "_"), options)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tryBucket(t *testing.T, server *s3test.Server, prefix string, options store.BucketOptions) (*store.Bucket, error) {
	t.Helper()
	trusting := func(transport http.RoundTripper) http.RoundTripper {
		transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: server.Roots, MinVersion: tls.VersionTLS12}
		return transport
	}
	return changeBucket(t, server, server.URL(prefix), options, trusting)
}

// changeBucket opens the bucket at a URL, with a change to what is sent.
func changeBucket(t *testing.T, server *s3test.Server, url string, options store.BucketOptions,
	change func(http.RoundTripper) http.RoundTripper,
) (*store.Bucket, error) {
	t.Helper()
	address := must.Get(store.ParseBucket(url))(t)
	return store.OpenBucketWith(t.Context(), address, options, server.AccessKey, server.SecretKey, change)
}

// TestTwoBucketsAreOneCache checks that servers that share a bucket see what the
// others store, at once.
func TestTwoBucketsAreOneCache(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	one, other := openBucket(t, server, store.BucketOptions{}), openBucket(t, server, store.BucketOptions{})
	put(t, one, "a", "body")
	expectContents(t, other, map[string]string{"a": "body"})
	put(t, other, "a", "another")
	expectContents(t, one, map[string]string{"a": "another"})
	reader, err := tryBucket(t, server, t.Name(), store.BucketOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	expectContents(t, reader, map[string]string{"a": "another"})
	if err := reader.Put(t.Context(), key("b"), 1, storetest.Full(), unread(t)); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Put = %v, want ErrReadOnly", err)
	}
	expectTree(t, server.Dir, t.Name()+"/CACHEDIR.TAG", t.Name()+"/local/a")
}

// unread is a body that must not be read.
func unread(t *testing.T) io.Reader {
	return readerFunc(func([]byte) (int, error) {
		t.Error("the body was read")
		return 0, io.EOF
	})
}

// TestLimitsOfBuckets checks what S3 cannot store.
func TestLimitsOfBuckets(t *testing.T) {
	t.Parallel()
	b := openBucket(t, s3test.Start(t), store.BucketOptions{})
	for _, size := range []int64{5<<30 + 1, 1<<63 - 1} {
		if err := b.Put(t.Context(), key("a"), size, storetest.Full(), unread(t)); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("Put of %d bytes = %v, want ErrTooLarge", size, err)
		}
	}
	longest := artifact.Metadata{Tag: strings.Repeat("=", 600), SHA: strings.Repeat("s", 200), DirtyHash: strings.Repeat("d", 200), CI: strings.Repeat("c", 50)}
	if err := b.Put(t.Context(), key(strings.Repeat("a", 128)), 1, longest, strings.NewReader("x")); err != nil {
		t.Errorf("Put with the API's longest metadata = %v", err)
	}
	longest.Tag = strings.Repeat("=", 1200)
	if err := b.Put(t.Context(), key("a"), 1, longest, unread(t)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Put with more than 2 KB of metadata = %v, want ErrInvalid", err)
	}
}

// TestLargeBodies uploads in parts, and leaves none of an upload that fails.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	const part = 8 << 20
	server := s3test.Start(t)
	b := openBucket(t, server, store.BucketOptions{})
	for _, size := range []int{part - 1, part, part + 1, 2 * part, 2*part + 1} {
		body := storetest.Bytes(3, size)
		for _, announced := range []int64{int64(size), store.UnknownSize} {
			id := fmt.Sprintf("%d-of-%d", size, announced)
			if err := b.Put(t.Context(), key(id), announced, storetest.Full(), bytes.NewReader(body)); err != nil {
				t.Errorf("Put(%s) = %v", id, err)
			}
			expectContents(t, b, map[string]string{id: string(body)})
			if entry, err := b.Stat(t.Context(), key(id)); err != nil || !reflect.DeepEqual(entry, store.Entry{Size: int64(size), Metadata: storetest.Full()}) {
				t.Errorf("Stat(%s) = %v, %v", id, entry, err)
			}
		}
	}
	broken := errors.New("connection reset")
	for name, want := range map[string]error{"fails": broken, "ends": context.Canceled} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		after := readerFunc(func([]byte) (int, error) {
			if want == broken {
				return 0, broken
			}
			cancel()
			return 1, nil
		})
		body := io.MultiReader(bytes.NewReader(storetest.Bytes(3, part+part/2)), after)
		if err := b.Put(ctx, key(name), store.UnknownSize, storetest.Full(), body); !errors.Is(err, want) {
			t.Errorf("Put of a body that %s = %v, want %v", name, err, want)
		}
		expectContents(t, b, map[string]string{name: "not found"})
	}
	for _, file := range tree(t, server.Dir) {
		if strings.Contains(file, ".sgwtmp") {
			t.Errorf("%s was left", file)
		}
	}
}

// TestWriteOnceNeedsTheSize checks that a write-once bucket refuses what it could
// not store under a condition.
func TestWriteOnceNeedsTheSize(t *testing.T) {
	t.Parallel()
	b := openBucket(t, s3test.Start(t), store.BucketOptions{WriteOnce: true})
	body := storetest.Bytes(4, 8<<20)
	if err := b.Put(t.Context(), key("a"), store.UnknownSize, storetest.Full(), bytes.NewReader(body)); !errors.Is(err, store.ErrNoSize) {
		t.Errorf("Put = %v, want ErrNoSize", err)
	}
	expectContents(t, b, map[string]string{"a": "not found"})
	put(t, b, "a", string(body))
	if err := b.Put(t.Context(), key("a"), store.UnknownSize, storetest.Full(), bytes.NewReader(body)); err != nil {
		t.Errorf("Put of the same bytes = %v", err)
	}
}

// TestDamagedObjectsAreNeverServed checks objects that others have changed.
func TestDamagedObjectsAreNeverServed(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	for _, options := range []store.BucketOptions{{}, {WriteOnce: true}} {
		b := openBucket(t, server, options)
		dir := filepath.Join(server.Dir, t.Name(), "local")
		for _, id := range []string{"shorter", "longer", "renamed"} {
			put(t, b, id, "body")
		}
		write(t, filepath.Join(dir, "foreign"), "body")
		must.Do(t, os.Truncate(filepath.Join(dir, "shorter"), 3))
		write(t, filepath.Join(dir, "longer"), "body.")
		must.Do(t, os.Rename(filepath.Join(dir, "renamed"), filepath.Join(dir, "moved")))
		for _, id := range []string{"foreign", "shorter", "longer", "moved"} {
			expectContents(t, b, map[string]string{id: "damaged"})
			if _, err := b.Stat(t.Context(), key(id)); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("Stat(%s) = %v, want ErrCorrupt", id, err)
			}
			put(t, b, id, "again")
			expectContents(t, b, map[string]string{id: "again"})
		}
		must.Do(t, os.RemoveAll(filepath.Join(server.Dir, t.Name())))
	}
}

// TestVanishedBucket checks that a bucket that was removed is not a cache without
// artifacts.
func TestVanishedBucket(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	b := openBucket(t, server, store.BucketOptions{})
	put(t, b, "old", "body")
	must.Do(t, os.RemoveAll(server.Dir))
	for call, err := range callAll(t, b) {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", call, err)
		}
	}
}
