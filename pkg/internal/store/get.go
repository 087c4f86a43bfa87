package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// Get implements [Store].
func (d *Dir) Get(ctx context.Context, key Key) (_ *Blob, err error) {
	defer explain(&err, "reading", key)
	if err := check(ctx, key); err != nil {
		return nil, err
	}
	return d.get(key)
}

func (d *Dir) get(key Key) (*Blob, error) {
	name, now := key.path(), d.now()
	file, release, err := d.ledger.open(name, func() (*os.File, error) { return d.openFile(name) })
	if err != nil {
		return nil, err
	}
	body := &body{file: file, release: sync.OnceFunc(release)}
	entry, err := d.read(file, key)
	if err != nil {
		return nil, errors.Join(err, body.Close())
	}
	if !d.readOnly {
		// If this fails, the artifact only counts as less recently used.
		_ = d.root.Chtimes(name, now, now)
	}
	return &Blob{Entry: entry, Body: body}, nil
}

// Stat implements [Store].
func (d *Dir) Stat(ctx context.Context, key Key) (_ Entry, err error) {
	defer explain(&err, "looking up", key)
	if err := check(ctx, key); err != nil {
		return Entry{}, err
	}
	return d.stat(key)
}

func (d *Dir) stat(key Key) (Entry, error) {
	file, err := d.openFile(key.path())
	if err != nil {
		return Entry{}, err
	}
	entry, err := d.read(file, key)
	return entry, errors.Join(err, file.Close())
}

// read checks that file is the artifact of key, complete and not too old, and
// leaves it at the first byte of the body.
func (d *Dir) read(file *os.File, key Key) (Entry, error) {
	h, err := readHeader(file)
	switch {
	case err != nil:
		return Entry{}, err
	case h.key() != key:
		return Entry{}, fmt.Errorf("%w: its header names another one, %.100q", ErrCorrupt, string(h.ID))
	case d.maxAge.isOver(h.Stored):
		return Entry{}, errExpired
	}
	return Entry{h.Size, artifact.Metadata(h.metadata)}, nil
}

// explain wraps errors of the file system in those of a [Store], with the
// operation.
func explain(err *error, doing string, key Key) {
	switch {
	case *err == nil:
		return
	case isNoSpace(*err):
		*err = fmt.Errorf("%w: %w", ErrFull, *err)
	case isTooLarge(*err):
		*err = fmt.Errorf("%w: %w", ErrTooLarge, *err)
	}
	*err = fmt.Errorf("%s %.300q: %w", doing, string(key.ID), *err)
}

func check(ctx context.Context, key Key) error {
	if err := key.Check(); err != nil {
		return err
	}
	return ctx.Err()
}

func (d *Dir) openFile(name string) (*os.File, error) {
	file, err := d.root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	return file, err
}

// body reads the rest of an open file. It has no Seek, since the file's offsets
// are not the body's.
type body struct {
	file    *os.File
	release func()
}

func (b *body) Read(p []byte) (int, error) { return b.file.Read(p) }

// SyscallConn lets package net use sendfile.
func (b *body) SyscallConn() (syscall.RawConn, error) { return b.file.SyscallConn() }

func (b *body) Close() error {
	// Close first: Windows cannot remove an open file.
	defer b.release()
	return b.file.Close()
}
