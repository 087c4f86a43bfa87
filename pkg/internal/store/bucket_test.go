package store_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

func TestBucketContract(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	storetest.Run(t, func(t *testing.T) store.Store { return openBucket(t, server, store.BucketOptions{}) })
}

func TestWriteOnceBucket(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	storetest.RunWriteOnce(t, func(t *testing.T) store.Store {
		b := openBucket(t, server, store.BucketOptions{WriteOnce: true})
		if !b.ChecksOnce() {
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
	address, err := store.ParseBucket(server.URL(prefix))
	if err != nil {
		t.Fatal(err)
	}
	unchanged := func(transport http.RoundTripper) http.RoundTripper { return transport }
	return store.OpenBucketWith(t.Context(), address, options, server.AccessKey, server.SecretKey, unchanged)
}
