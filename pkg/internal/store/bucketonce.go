package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// putOnce uploads a body unless there is an artifact under its key, with which it
// compares the body as it arrives.
func (b *Bucket) putOnce(ctx context.Context, key Key, o object, body io.Reader) error {
	stored, err := b.Get(ctx, key)
	switch {
	case err == nil:
		defer stored.Body.Close()
		if o.size != UnknownSize && o.size != stored.Size {
			return ErrExists
		}
		return compare(body, stored)
	case errors.Is(err, ErrNotFound):
		o.ifAbsent = b.conditional
	case !errors.Is(err, ErrCorrupt):
		return err
	}
	given := sha256.New()
	body = io.TeeReader(body, given)
	if err = b.put(ctx, o, body); !isConflict(err) {
		return err
	}
	// Another upload came first, and part of the body is gone.
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	return b.expectSum(ctx, key, given.Sum(nil))
}

// expectSum fails with [ErrExists] unless a body with this SHA-256 is stored.
func (b *Bucket) expectSum(ctx context.Context, key Key, given []byte) error {
	stored, err := b.Get(ctx, key)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("%w: another upload under this id has failed", ErrUnavailable)
	}
	if err != nil {
		return err
	}
	defer stored.Body.Close()
	kept := sha256.New()
	if _, err := io.Copy(kept, stored.Body); err != nil {
		return err
	}
	if !bytes.Equal(kept.Sum(nil), given) {
		return ErrExists
	}
	return nil
}
