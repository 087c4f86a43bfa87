package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/filelock"
)

// replaceLock is the file that a write-once store locks while it replaces an
// artifact that may be replaced. The file stays, since a lock on a removed file excludes nobody.
const replaceLock = ".lock"

// ErrNoLinks is returned by [Open] for a write-once store on a file system without
// hard links.
var ErrNoLinks = errors.New("a write-once cache needs hard links, which the file system does not have")

// putAgain compares body with the artifact of key. It returns false if there is
// none to keep: no artifact, a damaged or an expired one.
func (d *Dir) putAgain(key Key, size int64, body io.Reader) (kept bool, err error) {
	blob, err := d.get(key)
	switch {
	case errors.Is(err, ErrNotFound) || errors.Is(err, ErrCorrupt):
		return false, nil
	case err != nil:
		return false, err
	}
	if size != UnknownSize && size != blob.Size {
		err = ErrExists
	} else {
		err = compare(body, blob)
	}
	err = errors.Join(err, blob.Body.Close())
	if err != nil {
		return true, err
	}
	// The Put that stored it may not have flushed the name yet.
	return true, d.syncName(key.path())
}

// compare reads body up to its first difference from blob, for which it returns
// [ErrExists].
func compare(body io.Reader, blob *Blob) error {
	theirs, ours := make([]byte, copySize), make([]byte, copySize)
	for left := blob.Size; ; {
		n, err := body.Read(theirs)
		if int64(n) > left {
			return ErrExists
		}
		left -= int64(n)
		if _, err := io.ReadFull(blob.Body, ours[:n]); err != nil {
			return err
		}
		switch {
		case !bytes.Equal(theirs[:n], ours[:n]), err == io.EOF && left > 0: //nolint:errorlint // a Reader's end is io.EOF itself
			return ErrExists
		case err == io.EOF: //nolint:errorlint // as above
			return nil
		case err != nil:
			return err
		}
	}
}

// placeOnce gives a complete file its name, unless another artifact has it.
func (d *Dir) placeOnce(ctx context.Context, temp *temp, key Key, room *room) error {
	defer func() { _ = temp.remove() }() // or it was renamed, or the next Open does
	for {
		err := d.place(temp, key.path(), room, d.root.Link)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if kept, err := d.putFile(ctx, key, temp.path); kept || err != nil {
			return err
		}
		if placed, err := d.replace(ctx, temp, key, room); placed || err != nil {
			return err
		}
		// Since then, the artifact was removed, or another has replaced it.
	}
}

// putFile is putAgain for a complete file.
func (d *Dir) putFile(ctx context.Context, key Key, name string) (kept bool, err error) {
	file, err := d.openFile(name)
	if err != nil {
		return false, err
	}
	defer file.Close() //nolint:errcheck // nothing was written to it
	h, err := readHeader(file)
	if err != nil {
		return false, err
	}
	return d.putAgain(key, h.Size, checkedBody(ctx, file, h.Size))
}

// replace places a complete file over an artifact that may be replaced, and
// returns false if there is none. Only one store of the directory does this at a
// time, so that none replaces what another has just placed there.
func (d *Dir) replace(ctx context.Context, temp *temp, key Key, room *room) (placed bool, err error) {
	err = d.exclusively(ctx, func() error {
		return d.place(temp, key.path(), room, func(from, to string) error {
			// Only now is the name locked in this store too, which may have removed the
			// artifact before, and placed another.
			_, err := d.stat(key)
			switch {
			case errors.Is(err, ErrCorrupt), errors.Is(err, errExpired):
				return d.root.Rename(from, to)
			case err == nil:
				return fs.ErrExist
			}
			return err
		})
	})
	if errors.Is(err, fs.ErrExist) || errors.Is(err, ErrNotFound) {
		return false, ctx.Err()
	}
	return err == nil, err
}

// exclusively runs do while no other store of the directory does. Without locks in
// the file system, it just runs it.
func (d *Dir) exclusively(ctx context.Context, do func() error) error {
	for {
		lock, err := d.root.OpenFile(replaceLock, os.O_RDWR|os.O_CREATE|openFlags, fileMode)
		if err != nil {
			return fmt.Errorf("locking: %w", err)
		}
		if taken, err := filelock.Try(lock); taken || err != nil {
			return errors.Join(do(), lock.Close())
		}
		if err := lock.Close(); err != nil {
			return fmt.Errorf("locking: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// checkLinks checks that the file system has hard links.
func (s *session) checkLinks() error {
	temp, err := s.write(func(*temp) error { return nil })
	if err != nil {
		return err
	}
	link := temp.path + "-link"
	if err := s.root.Link(temp.path, link); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrNoLinks, err), temp.remove())
	}
	_, _ = s.root.Remove(link), temp.remove() // or the next Open does
	return nil
}
