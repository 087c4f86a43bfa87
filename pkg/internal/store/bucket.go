package store

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// largestPut is S3's limit for an upload in one request.
	largestPut = 5 << 30
	// partSize is the size of a part of an upload of unknown size. With S3's limit
	// of 10,000 parts it allows 78 GiB.
	partSize = 8 << 20
	maxParts = 10_000
	// uploadsOfUnknownSize is the maximum number of them at a time. Each holds a part
	// in memory.
	uploadsOfUnknownSize = 16

	// tries is how often a call is tried if it fails before it has sent any of a
	// client's bytes. minio-go's ten tries would take 4.4 seconds.
	tries = 2
	// idleConnections is the number of connections that stay open, each for idleTime.
	idleConnections = 128
	idleTime        = 30 * time.Second
	// maxAnswerHeader is the maximum size of an answer's headers.
	maxAnswerHeader = 64 << 10
)

// BucketOptions configure a [Bucket].
type BucketOptions struct {
	ReadOnly bool // Put fails with [ErrReadOnly], and nothing is written
	// WriteOnce makes Put fail with [ErrExists] if another artifact is stored under
	// its key.
	WriteOnce bool
}

// Bucket is a [Store] in the object storage of S3 or a compatible server. It keeps
// nothing of its own, so any number of them may share a bucket.
//
// An artifact is one object, which appears whole or not at all, with the body and
// the metadata together. Its age and the size of all are limited by the bucket's
// lifecycle.
type Bucket struct {
	core    *minio.Core
	address BucketAddress
	options BucketOptions
	// conditional is set if the server checks If-None-Match. Only a write-once store
	// tries that.
	conditional bool
	// parts are buffers, each for one upload of unknown size at a time, and nil
	// until they are needed.
	parts      chan []byte
	disconnect func()
	// present is when the bucket was last seen, in nanoseconds since 1970.
	present atomic.Int64
}

var (
	_ Store   = (*Bucket)(nil)
	_ Distant = (*Bucket)(nil)
)

// OpenBucket opens the store at an address, with the keys and the region that
// Amazon's tools would use, and tries to read and write there. The caller must
// Close the store.
func OpenBucket(ctx context.Context, address BucketAddress, options BucketOptions) (*Bucket, error) {
	keys, err := findKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", address, err)
	}
	address.Region = cmp.Or(address.Region, variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"))
	transport := newBucketTransport()
	return openBucket(ctx, address, options, keys, transport, transport.CloseIdleConnections)
}

func openBucket(ctx context.Context, address BucketAddress, options BucketOptions, keys *credentials.Credentials,
	transport http.RoundTripper, disconnect func(),
) (*Bucket, error) {
	host, secure := address.server()
	core, err := minio.NewCore(host, &minio.Options{
		Creds: keys, Secure: secure, Region: address.Region, MaxRetries: tries, Transport: expecting{transport}, TrailingHeaders: true,
	})
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", address, err)
	}
	b := &Bucket{core: core, address: address, options: options, disconnect: disconnect, parts: make(chan []byte, uploadsOfUnknownSize)}
	for range cap(b.parts) {
		b.parts <- nil
	}
	if err := b.check(ctx); err != nil {
		disconnect()
		return nil, fmt.Errorf("opening %s: %w", address, err)
	}
	return b, nil
}

// Close closes idle connections. Call it once, after all other methods have
// returned and all blobs are closed.
func (b *Bucket) Close() error {
	b.disconnect()
	return nil
}

// HasConditionalWrites reports whether the server of a write-once store checks
// If-None-Match. Otherwise the later of two simultaneous uploads replaces the other.
func (b *Bucket) HasConditionalWrites() bool { return b.conditional }

// Distant implements [Distant].
func (b *Bucket) Distant() {}

// objectName returns the name of a key's object.
func (b *Bucket) objectName(key Key) string { return b.address.Prefix + key.path() }

// newBucketTransport returns a transport whose waits are limited by the contexts of
// its requests.
func newBucketTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		// A dial goes on after its request has given up.
		DialContext:            (&net.Dialer{Timeout: patience}).DialContext,
		TLSHandshakeTimeout:    patience,
		ExpectContinueTimeout:  continueAfter,
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true, // artifacts must not be changed
	}
}

// expecting asks the server before it sends a body, which can be read only once:
// until then a call can be tried again, and an error arrives before the upload.
type expecting struct{ http.RoundTripper }

func (t expecting) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodPut && request.Body != nil {
		request = request.Clone(request.Context())
		request.Header.Set("Expect", "100-continue")
	}
	return t.RoundTripper.RoundTrip(request)
}
