package store

import (
	"context"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// LongestWait is the longest time after which a call to a [Bucket] fails. A client
// must get its answer within 5 seconds.
const LongestWait = patience + continueAfter

const _ = uint(5*time.Second - LongestWait) // does not compile if it is longer

// ErrStalled is the error of a call for which the storage was silent for too long.
var ErrStalled = errStalled

// OpenBucketWith is [OpenBucket] with given keys, and a change to what is sent.
func OpenBucketWith(ctx context.Context, address BucketAddress, options BucketOptions, accessKey, secretKey string,
	change func(http.RoundTripper) http.RoundTripper,
) (*Bucket, error) {
	transport := newBucketTransport()
	keys := credentials.NewStaticV4(accessKey, secretKey, "")
	return openBucket(ctx, address, options, keys, change(transport), transport.CloseIdleConnections)
}

// Sweep removes what is too old, as a [Dir] does now and then.
func (d *Dir) Sweep(ctx context.Context) error { return d.sweep(ctx) }
