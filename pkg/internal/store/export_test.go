package store

import (
	"context"
	"net/http"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// OpenBucketWith is [OpenBucket] with given keys, and a change to what is sent.
func OpenBucketWith(ctx context.Context, address BucketAddress, options BucketOptions, accessKey, secretKey string,
	change func(http.RoundTripper) http.RoundTripper,
) (*Bucket, error) {
	transport := newBucketTransport()
	keys := credentials.NewStaticV4(accessKey, secretKey, "")
	return openBucket(ctx, address, options, keys, change(transport), transport.CloseIdleConnections)
}
