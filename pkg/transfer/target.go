package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/tempfile"
)

// Target is the target of a download: a regular file, which appears once the
// bytes are checked, or a stream such as a pipe, which receives them at once.
type Target struct {
	path string // of the file, with links resolved
	file *os.File
	// temporary is set while file has a temporary name in the directory of path.
	temporary bool
	// root, if not nil, is opened in place of the file system: path is name there, and
	// the file is opened before its first byte.
	root *os.Root
	name string
	// given is what was already written to a stream.
	given *prefix
	// archive, if not nil, reads the bytes, and nothing else does.
	archive *unpacking
}

// OpenTarget returns a target for a file. It follows symbolic links, and writes
// directly to an existing file that is not regular. Close the target with
// [Target.Close]. The error is an [*OutputError].
func OpenTarget(path string) (*Target, error) {
	t, err := openTarget(path)
	if err != nil {
		return nil, &OutputError{Path: path, Err: err, Unopened: true}
	}
	return t, nil
}

// StreamTarget returns a target that writes to w. name is its name in errors.
func StreamTarget(w io.Writer, name string) *Target {
	return &Target{path: name, given: &prefix{to: w, sum: sha256.New()}}
}

func openTarget(path string) (*Target, error) {
	mode := fs.FileMode(0o666) // before umask, like a shell's >
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, ErrDirectory
	case err == nil && !info.Mode().IsRegular():
		// Not by the resolved path: what /dev/stdout links to may have none.
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		t := StreamTarget(file, path)
		t.file = file
		return t, nil
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if path, err = followLinks(path, os.Lstat, os.Readlink); err != nil {
		return nil, err
	}
	file, err := tempfile.Create(path, ".artifact-", mode)
	if err != nil {
		return nil, err
	}
	if info != nil {
		_ = file.Chmod(mode) // undo the umask; some file systems have no modes
	}
	return &Target{path: path, file: file, temporary: true}, nil
}

// followLinks resolves links, even to a file that does not exist yet.
func followLinks(path string, lstat func(string) (fs.FileInfo, error), readlink func(string) (string, error)) (string, error) {
	for range 40 { // like Linux
		info, err := lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, nil // opening it reports the error
		}
		next, err := readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(next) {
			dir, _ := filepath.Split(path)
			next = dir + next // not cleaned: in a directory that is a link, .. leads elsewhere
		}
		path = next
	}
	return "", errors.New("too many symbolic links")
}

// begin returns a writer for the first byte. It may be called again.
func (t *Target) begin() (io.Writer, error) {
	if t.archive != nil {
		return nil, nil
	}
	if !t.temporary {
		t.given.restart()
		return &outputWriter{t.path, t.given}, nil
	}
	if t.file == nil {
		if err := t.open(); err != nil {
			return nil, err
		}
	}
	if _, err := t.file.Seek(0, io.SeekStart); err != nil {
		return nil, &OutputError{Path: t.path, Err: err}
	}
	if err := t.file.Truncate(0); err != nil {
		return nil, &OutputError{Path: t.path, Err: err}
	}
	return &outputWriter{t.path, t.file}, nil
}

// reread reads what was written. It is a [rereader].
func (t *Target) reread(ctx context.Context, limit int64, begin func() io.Writer) error {
	_, err := io.Copy(begin(), io.NewSectionReader(t.file, 0, limit))
	return errors.Join(err, ctx.Err())
}

// holds reports whether all that was written belongs to a download of n bytes:
// the last attempt may have been shorter than an earlier one.
func (t *Target) holds(n int64) bool { return t.given == nil || t.given.n == n }

// complete renames the file to its path.
func (t *Target) complete(ctx context.Context, id artifact.ID) error {
	if t.archive != nil {
		return t.archive.commit(ctx, string(id))
	}
	if !t.temporary {
		return nil
	}
	file := t.file
	t.temporary, t.file = false, nil
	var err error
	if t.root == nil {
		err = tempfile.Rename(file, t.path)
	} else {
		err = outsideOf(tempfile.RenameIn(t.root, file, t.name))
	}
	if err != nil {
		return &OutputError{Path: t.path, Err: err}
	}
	return nil
}

// Close closes the target, and removes a file that was not completed.
func (t *Target) Close() error {
	if t.archive != nil {
		t.archive.discard()
	}
	if t.file == nil {
		return nil
	}
	if t.temporary {
		tempfile.Remove(t.file)
		return nil
	}
	if err := t.file.Close(); err != nil {
		return &OutputError{Path: t.path, Err: err}
	}
	return nil
}

// outputWriter turns errors into an [*OutputError].
type outputWriter struct {
	path string
	to   io.Writer
}

func (w *outputWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil && !errors.Is(err, ErrUnsteady) {
		err = &OutputError{Path: w.path, Err: err}
	}
	return n, err
}

// prefix is what was written to a stream. A retried download must begin with the
// same bytes, and continues after them.
type prefix struct {
	to  io.Writer
	n   int64
	sum hash.Hash
	// In a retry: how many of these bytes are still expected, and those received.
	left  int64
	again hash.Hash
}

// restart expects the artifact again from its first byte.
func (p *prefix) restart() { p.left, p.again = p.n, sha256.New() }

func (p *prefix) Write(b []byte) (int, error) {
	known := int(min(int64(len(b)), p.left))
	if known > 0 {
		p.again.Write(b[:known])
		if p.left -= int64(known); p.left == 0 && !bytes.Equal(p.again.Sum(nil), p.sum.Sum(nil)) {
			return 0, fmt.Errorf("%w: the second attempt began with different bytes", ErrUnsteady)
		}
	}
	if known == len(b) {
		return known, nil
	}
	n, err := p.to.Write(b[known:])
	p.n += int64(n)
	p.sum.Write(b[known : known+n])
	return known + n, err
}
