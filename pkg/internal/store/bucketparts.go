package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http/httptrace"
	"time"

	"github.com/minio/minio-go/v7"
)

// abortTime is how long removing the parts of a failed upload may take. If it fails,
// the bucket's lifecycle must remove them.
const abortTime = time.Second

// putBytes uploads a whole body from memory.
func (b *Bucket) putBytes(w *wait, o object, body []byte) error {
	o.size = int64(len(body))
	return w.sendBytes(body, func(from io.Reader) error { return b.upload(w, o, from) })
}

// putParts uploads a body in parts. part has the first of them, and is reused for the
// others.
func (b *Bucket) putParts(w *wait, o object, part []byte, body io.Reader) error {
	var id string
	err := w.call(patience, func() (err error) {
		id, err = b.core.NewMultipartUpload(w, b.address.Bucket, o.name, o.options())
		return err
	})
	if err != nil {
		return err
	}
	completed := false
	defer func() {
		if !completed {
			b.abort(w, o, id)
		}
	}()
	parts, size, err := b.sendParts(w, o, id, part, body)
	if err != nil {
		return err
	}
	err = w.call(settling(size), func() error { return b.complete(w, o, id, parts) })
	completed = err == nil
	return err
}

func (b *Bucket) sendParts(w *wait, o object, id string, part []byte, body io.Reader) (parts []minio.CompletePart, size int64, err error) {
	for n, ended := len(part), false; n > 0; {
		number := len(parts) + 1
		if number > maxParts {
			return nil, 0, ErrTooLarge
		}
		sum := sha256.Sum256(part[:n])
		options := minio.PutObjectPartOptions{DisableContentSha256: true, Sha256Hex: hex.EncodeToString(sum[:])}
		var sent minio.ObjectPart
		err = w.sendBytes(part[:n], func(from io.Reader) (err error) {
			sent, err = b.core.PutObjectPart(w, b.address.Bucket, o.name, id, number, from, int64(n), options)
			return checkStored(sent.ETag, err)
		})
		if err != nil {
			return nil, 0, err
		}
		parts = append(parts, minio.CompletePart{PartNumber: number, ETag: sent.ETag})
		size += int64(n)
		if ended {
			break
		}
		if n, ended, err = fill(part, body); err != nil {
			return nil, 0, err
		}
	}
	return parts, size, nil
}

// complete turns the parts into an object. minio-go repeats a request that was not
// answered, and success of the second one does not show that the object is there:
// versitygw also reports it if it was killed during the first.
func (b *Bucket) complete(ctx context.Context, o object, id string, parts []minio.CompletePart) error {
	sent := 0
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent++ }})
	completed, err := b.core.CompleteMultipartUpload(traced, b.address.Bucket, o.name, id, parts, minio.PutObjectOptions{})
	if err != nil || sent == 1 {
		return err
	}
	stored, err := b.core.StatObject(ctx, b.address.Bucket, o.name, minio.StatObjectOptions{})
	if err == nil && (stored.ETag != completed.ETag || stored.Metadata.Get(metadataHeader) != o.metadata) {
		err = errors.New("it reports a complete upload, but holds another object")
	}
	return err
}

// abort removes the parts of a failed upload.
func (b *Bucket) abort(ctx context.Context, o object, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_ = b.core.AbortMultipartUpload(ctx, b.address.Bucket, o.name, id)
}
