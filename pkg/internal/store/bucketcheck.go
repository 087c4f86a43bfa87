package store

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// The errors of [OpenBucket], beside [ErrUnavailable] for a server that does not
// answer. They wrap the server's own words.
var (
	// ErrNoKeys: there is no access key.
	ErrNoKeys = errors.New("no access key was found")
	// ErrWrongKeys: the server does not accept the access key.
	ErrWrongKeys = errors.New("the access key is refused")
	// ErrClock: this machine's clock differs too much from the server's.
	ErrClock = errors.New("the clock is off")
	// ErrNoBucket: there is no such bucket.
	ErrNoBucket = errors.New("no such bucket")
	// ErrUnreadable: the access key may not read the bucket.
	ErrUnreadable = errors.New("reading is not permitted")
	// ErrUnwritable: the access key may not write to the bucket.
	ErrUnwritable = errors.New("writing is not permitted")
	// ErrRegion: the bucket is in another region.
	ErrRegion = errors.New("the bucket is in another region")
	// ErrNotS3: the server does not answer as S3 does.
	ErrNotS3 = errors.New("the server does not answer as S3 does")
)

// openTime is how long the calls of OpenBucket may take together.
const openTime = 15 * time.Second

// bucketTagText is the text of the object [tagName], which explains to people what else
// is in the bucket. No team has that name.
const bucketTagText = "Artifacts of a Remote Cache, format 1: an object for each artifact, with its\n" +
	"description in its metadata, as JSON in base64.\n"

// check tries to read and write. It leaves only the tag. Another server may write the
// same tag at the same time.
func (b *Bucket) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, openTime, errStalled)
	defer cancel()
	if err := b.checkRead(ctx); err != nil || b.options.ReadOnly {
		return err
	}
	tag := object{name: b.address.Prefix + tagName, metadata: "tag"}
	if err := b.writeTag(ctx, tag); err != nil {
		return asOpenError(err, ErrUnwritable)
	}
	found, err := b.stat(ctx, tag.name)
	if err != nil {
		return asOpenError(err, ErrUnreadable)
	}
	if got := found.Metadata.Get(metadataHeader); got != tag.metadata {
		return fmt.Errorf("%w: it returns the metadata %.100q instead of %q", ErrNotS3, got, tag.metadata)
	}
	if found.Size != int64(len(bucketTagText)) {
		// An old one stores the checksum as part of the body.
		return fmt.Errorf("%w: it stores %d bytes as %d", ErrNotS3, len(bucketTagText), found.Size)
	}
	if b.options.WriteOnce {
		tag.ifAbsent = true
		err := b.writeTag(ctx, tag)
		if isOutage(err) {
			return err // which does not show whether the server checks the condition
		}
		b.conditional = isConflict(err)
	}
	return nil
}

// isOutage reports whether the storage fails or cannot be reached. 501 does not count: the
// server lacks a feature.
func isOutage(err error) bool {
	var answer minio.ErrorResponse
	return err != nil && isTemporary(err) && (!errors.As(err, &answer) || answer.StatusCode != http.StatusNotImplemented)
}

// checkRead looks up an object that does not exist. Without permission to list the
// bucket, S3 would answer 403, also for every artifact that is missing.
func (b *Bucket) checkRead(ctx context.Context) error {
	w := newWait(ctx)
	defer w.end()
	body, _, err := b.open(w, b.address.Prefix+".missing-"+rand.Text())
	var answer minio.ErrorResponse
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("%w: it returns an object that does not exist", ErrNotS3), body.Close())
	case errors.As(err, &answer) && answer.Code == minio.NoSuchKey && isS3(answer):
		return nil
	}
	return asOpenError(err, ErrUnreadable)
}

func (b *Bucket) writeTag(ctx context.Context, tag object) error {
	w := newWait(ctx)
	defer w.end()
	return b.putBytes(w, tag, []byte(bucketTagText))
}

// isS3 reports whether an error answer has the document that S3 sends. For other
// answers, such as a web page, minio-go makes up a code.
func isS3(answer minio.ErrorResponse) bool { return answer.XMLName.Local == "Error" }

// asOpenError wraps an error of the storage in one of the errors above. forbidden is for
// a 403 whose code says no more.
func asOpenError(err error, forbidden error) error {
	var answer minio.ErrorResponse
	var syntax *xml.SyntaxError
	var other xml.UnmarshalError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %w", ErrNotS3, syntax)
	case errors.As(err, &other):
		return fmt.Errorf("%w: %w", ErrNotS3, other)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: its answer is empty", ErrNotS3)
	case isOutage(err) || !errors.As(err, &answer):
		return err
	}
	kind := openErrors[answer.Code]
	switch {
	case answer.StatusCode == http.StatusNotFound && !isS3(answer): // minio-go makes up the code
		kind = ErrNotS3
	case kind != nil:
	case answer.StatusCode == http.StatusMovedPermanently, answer.StatusCode == http.StatusTemporaryRedirect:
		kind = ErrRegion
	case answer.StatusCode == http.StatusForbidden:
		kind = forbidden
	default:
		kind = ErrNotS3
	}
	return fmt.Errorf("%w: %w", kind, reason(answer))
}

// openErrors are the errors for the codes of S3.
var openErrors = map[string]error{
	"InvalidAccessKeyId": ErrWrongKeys, "SignatureDoesNotMatch": ErrWrongKeys, "InvalidToken": ErrWrongKeys,
	"ExpiredToken": ErrWrongKeys, "XAdminUserNotFound": ErrWrongKeys, "TokenRefreshRequired": ErrWrongKeys,
	"RequestTimeTooSkewed": ErrClock, "RequestExpired": ErrClock,
	"NoSuchBucket":                 ErrNoBucket,
	"AuthorizationHeaderMalformed": ErrRegion, "InvalidRegion": ErrRegion, "PermanentRedirect": ErrRegion,
	"IllegalLocationConstraintException": ErrRegion,
}
