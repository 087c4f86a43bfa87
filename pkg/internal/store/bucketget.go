package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

const (
	// metadataName is the name of the metadata of an object, with the header as
	// base64: S3 servers change or refuse other characters.
	metadataName   = "Artifact"
	metadataHeader = "X-Amz-Meta-" + metadataName
	// maxMetadata is S3's limit for the name and the value.
	maxMetadata = 2048
	// presentFor is how long a bucket that was seen counts as existing.
	presentFor = 5 * time.Second
)

// Get implements [Store].
func (b *Bucket) Get(ctx context.Context, key Key) (_ *Blob, err error) {
	defer explain(&err, "reading", key)
	if err := check(ctx, key); err != nil {
		return nil, err
	}
	w := newWait(ctx)
	body, info, err := b.open(w, b.objectName(key))
	if err != nil {
		w.end()
		var answer minio.ErrorResponse
		if errors.Is(err, ErrNotFound) && errors.As(err, &answer) && !isS3(answer) {
			return nil, b.confirm(ctx, err) // minio-go has made up the code of a bare 404
		}
		return nil, err
	}
	timed := &timedBody{wait: w, body: body}
	entry, err := readObject(info, key)
	if err != nil {
		return nil, errors.Join(err, timed.Close())
	}
	return &Blob{Entry: entry, Body: timed}, nil
}

func (b *Bucket) open(w *wait, name string) (body io.ReadCloser, info minio.ObjectInfo, err error) {
	err = w.call(patience, func() (err error) {
		body, info, _, err = b.core.GetObject(w, b.address.Bucket, name, minio.GetObjectOptions{})
		return err
	})
	return body, info, asMissing(err)
}

// Stat implements [Store].
func (b *Bucket) Stat(ctx context.Context, key Key) (_ Entry, err error) {
	defer explain(&err, "looking up", key)
	if err := check(ctx, key); err != nil {
		return Entry{}, err
	}
	info, err := b.stat(ctx, b.objectName(key))
	if errors.Is(err, ErrNotFound) {
		return Entry{}, b.confirm(ctx, err)
	}
	if err != nil {
		return Entry{}, err
	}
	return readObject(info, key)
}

func (b *Bucket) stat(ctx context.Context, name string) (info minio.ObjectInfo, err error) {
	w := newWait(ctx)
	defer w.end()
	err = w.call(patience, func() (err error) {
		info, err = b.core.StatObject(w, b.address.Bucket, name, minio.StatObjectOptions{})
		return err
	})
	return info, asMissing(err)
}

// asMissing wraps err in [ErrNotFound] if the storage answered that there is no such
// object.
func asMissing(err error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code == minio.NoSuchKey {
		return fmt.Errorf("%w: %w", ErrNotFound, answer)
	}
	return err
}

// confirm returns missing if the bucket exists, and otherwise why it cannot be used. The
// answer to HEAD has no body, so it does not say whether the object or the bucket is
// missing.
func (b *Bucket) confirm(ctx context.Context, missing error) error {
	now := time.Now().UnixNano()
	if now-b.present.Load() < int64(presentFor) {
		return missing
	}
	w := newWait(ctx)
	defer w.end()
	exists := false
	err := w.call(patience, func() (err error) {
		exists, err = b.core.BucketExists(w, b.address.Bucket)
		return err
	})
	switch {
	case err != nil:
		return err
	case !exists:
		return fmt.Errorf("%w: %w", ErrUnavailable, ErrNoBucket)
	}
	b.present.Store(now)
	return missing
}

// encodeObject returns the value of an object's metadata. For [UnknownSize] its size is
// the largest one, since the metadata is sent before the body.
func encodeObject(key Key, size int64, m artifact.Metadata) (string, error) {
	line, err := newHeader(key, size, m).placeholder()
	if err != nil {
		return "", err
	}
	value := base64.StdEncoding.EncodeToString(line)
	if length := len(metadataName) + len(value); length > maxMetadata {
		return "", fmt.Errorf("%w: its metadata takes %d bytes; S3 allows %d", ErrInvalid, length, maxMetadata)
	}
	return value, nil
}

// readObject checks that an object is the complete artifact of key.
func readObject(info minio.ObjectInfo, key Key) (Entry, error) {
	line, err := base64.StdEncoding.DecodeString(info.Metadata.Get(metadataHeader))
	if err != nil {
		return Entry{}, fmt.Errorf("%w: its metadata is not base64", ErrCorrupt)
	}
	h, _, err := decodeHeader(line)
	switch {
	case err != nil:
		return Entry{}, err
	case h.key() != key:
		return Entry{}, fmt.Errorf("%w: its metadata names another one, %.100q", ErrCorrupt, string(h.ID))
	case info.Size < 0:
		return Entry{}, fmt.Errorf("%w: the answer has no Content-Length", ErrUnavailable)
	case h.Size != info.Size && h.Size != math.MaxInt64:
		return Entry{}, fmt.Errorf("%w: its body has %d bytes instead of %d", ErrCorrupt, info.Size, h.Size)
	}
	return Entry{info.Size, artifact.Metadata(h.metadata)}, nil
}
