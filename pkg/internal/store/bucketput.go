package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// object is what is uploaded.
type object struct {
	name     string
	size     int64 // or UnknownSize
	metadata string
	ifAbsent bool // fail if there is an object of this name
}

func (o object) options() minio.PutObjectOptions {
	options := minio.PutObjectOptions{
		UserMetadata: map[string]string{metadataName: o.metadata},
		// With this, the body has a CRC32C in a trailer, over plain http too. Otherwise
		// each piece would be signed, by a reader that panics if it is closed during a
		// Read. Without either, servers store the beginning of a body that breaks off.
		DisableContentSha256: true,
	}
	if o.ifAbsent {
		options.SetMatchETagExcept("*")
	}
	return options
}

// Put implements [Store]. A body of unknown size that is larger than a part makes
// a write-once store fail with [ErrNoSize].
func (b *Bucket) Put(ctx context.Context, key Key, size int64, metadata artifact.Metadata, body io.Reader) (err error) {
	defer explain(&err, "storing", key)
	encoded, err := encodeObject(key, size, metadata)
	switch {
	case err != nil:
		return err
	case b.options.ReadOnly:
		return ErrReadOnly
	case size > largestPut:
		return ErrTooLarge
	case ctx.Err() != nil:
		return ctx.Err()
	}
	o := object{name: b.objectName(key), size: size, metadata: encoded}
	body = checkedBody(ctx, body, size)
	if b.options.WriteOnce {
		return b.putOnce(ctx, key, o, body)
	}
	return b.put(ctx, o, body)
}

func (b *Bucket) put(ctx context.Context, o object, body io.Reader) error {
	if o.size == UnknownSize {
		return b.putUnknown(ctx, o, body)
	}
	return b.putKnown(ctx, o, body)
}

// putKnown uploads a body in one request, as it arrives. It tries again only if
// the server did not ask for the body.
func (b *Bucket) putKnown(ctx context.Context, o object, body io.Reader) error {
	w := newWait(ctx)
	defer w.end()
	if o.size == 0 {
		// net/http does not read an empty body, which may be too long.
		if _, err := body.Read(nil); err != io.EOF { //nolint:errorlint // a Reader's end is io.EOF itself
			return err
		}
		return b.putBytes(w, o, nil)
	}
	w.begin(patience)
	for try := 1; ; try++ {
		begun, err := w.send(body, settling(o.size), func(from io.Reader) error {
			return b.upload(w, o, from)
		})
		if begun || !w.mayRepeat(try, err) {
			return err
		}
	}
}

// upload uploads a body in one request.
func (b *Bucket) upload(ctx context.Context, o object, from io.Reader) error {
	stored, err := b.core.PutObject(ctx, b.address.Bucket, o.name, from, o.size, "", "", o.options())
	return checkStored(stored.ETag, err)
}

// checkStored returns err, or an error if a successful answer has no ETag: then it is
// not from S3 but, for example, from a sign-in page.
func checkStored(etag string, err error) error {
	if err == nil && etag == "" {
		return errors.New("the answer has no ETag")
	}
	return err
}

// settling returns how long the server may take to answer after the last byte.
func settling(size int64) time.Duration {
	return patience + time.Duration(size/settleRate)*time.Second
}

// isConflict reports whether a conditional upload failed because the object exists, or
// is being uploaded.
func isConflict(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) &&
		(answer.StatusCode == http.StatusPreconditionFailed || answer.StatusCode == http.StatusConflict)
}

// putUnknown uploads a body of unknown size: in one request if it is smaller than a
// part, and otherwise in parts, which together become one object.
func (b *Bucket) putUnknown(ctx context.Context, o object, body io.Reader) error {
	part, err := b.takePart(ctx)
	if err != nil {
		return err
	}
	defer func() { b.parts <- part }()
	n, ended, err := fill(part, body)
	if err != nil {
		return err
	}
	w := newWait(ctx)
	defer w.end()
	switch {
	case ended:
		return b.putBytes(w, o, part[:n])
	case b.options.WriteOnce:
		return ErrNoSize
	}
	return b.putParts(w, o, part, body)
}

// takePart waits for the buffer of a part. The caller returns it to b.parts.
func (b *Bucket) takePart(ctx context.Context) ([]byte, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case part := <-b.parts:
		if part == nil {
			part = make([]byte, partSize)
		}
		return part, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, fmt.Errorf("%w: there are %d other uploads of unknown size", ErrUnavailable, uploadsOfUnknownSize)
	}
}
