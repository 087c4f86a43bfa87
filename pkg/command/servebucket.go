package command

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// storeCredentials are the variables with credentials for a bucket.
var storeCredentials = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY", "AWS_SECRET_KEY",
	"AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
	"AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
}

// withheld returns the variables for the store that the command of serve does not get.
func (o *serveOptions) withheld() []string {
	if o.bucket.Bucket == "" {
		return nil
	}
	return storeCredentials
}

// bucketError reports a bucket that serve cannot use.
type bucketError struct {
	error
	code int
	next string // the next step
}

func (e *bucketError) exitCode() int { return e.code }

func (e *bucketError) Unwrap() error { return e.error }

func (a *app) openBucket(ctx context.Context, o serveOptions) (*store.Bucket, error) {
	switch {
	case o.dir != "":
		return nil, &usageError{errors.New("--dir does not go with --store"), "Leave one out: artifacts are kept in a directory or in a bucket."}
	case o.maxSize != 0:
		return nil, &usageError{errors.New("--max-size does not go with --store"), "A bucket has no limit here. Let its lifecycle expire artifacts by their age."}
	case o.maxAge != 0:
		return nil, &usageError{errors.New("--max-age does not go with --store"), "Let the bucket's lifecycle expire artifacts by their age."}
	case o.bucket.IsPlain() && !o.allowHTTP:
		return nil, &usageError{errors.New("--store: plain http to another machine is not allowed"), "Use endpoint=https://…, or --allow-http if the network is trusted."}
	}
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"} {
		if secret := a.env.Getenv(name); secret != "" {
			a.hide(secret)
		}
	}
	kept, err := store.OpenBucket(ctx, o.bucket, store.BucketOptions{WriteOnce: o.writeOnce, ReadOnly: o.readOnly})
	switch {
	case err != nil && ctx.Err() == nil:
		return nil, explainBucket(err)
	case err == nil && o.writeOnce && !kept.HasConditionalWrites():
		a.warn("the bucket's server does not support If-None-Match, so the later of two simultaneous uploads under one id replaces the other")
	}
	return kept, err
}

// explainBucket adds the exit code and the next step to an error of
// [store.OpenBucket].
func explainBucket(err error) error {
	if is[x509.UnknownAuthorityError](err) {
		return &bucketError{err, exitUnreachable, "Trust the certificate's authority on this system, or set SSL_CERT_FILE to a file with its certificate."}
	}
	for _, known := range bucketErrors {
		if errors.Is(err, known.about) {
			return &bucketError{err, known.code, known.next}
		}
	}
	return err
}

var bucketErrors = []struct {
	about error
	code  int
	next  string
}{
	{store.ErrNoKeys, exitUnauthorized, "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine or pod a role that may use the bucket."},
	{store.ErrWrongKeys, exitUnauthorized, "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and that they are for this endpoint."},
	{store.ErrClock, exitUnauthorized, "Set this machine's clock: S3 refuses what was signed more than 15 minutes ago, or in the future."},
	{store.ErrNoBucket, exitUsage, "Create the bucket, or check its name, endpoint and region."},
	{store.ErrUnreadable, exitForbidden, "Permit s3:GetObject and s3:ListBucket. Without s3:ListBucket, S3 answers 403 for an artifact that is missing."},
	{store.ErrUnwritable, exitForbidden, "Permit s3:PutObject and s3:AbortMultipartUpload, or use --read-only."},
	{store.ErrRegion, exitUsage, "Name the bucket's region: --store 's3://BUCKET/PREFIX?region=REGION', or AWS_REGION."},
	{store.ErrNotS3, exitRefused, "Check the endpoint: it must be the S3 API, not a web console, and support checksums in trailers."},
	{store.ErrUnavailable, exitUnreachable, "Check the endpoint and the network to it, then start again."},
}
