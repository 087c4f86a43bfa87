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
	b, err := newBucket(address, options, credentials.NewStaticV4(accessKey, secretKey, ""), change(newBucketTransport()))
	if err != nil {
		return nil, err
	}
	return b, b.check(ctx)
}
