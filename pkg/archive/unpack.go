package archive

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/artifact-cli/artifact/pkg/internal/tempfile"
)

// Unpacker unpacks archives into a directory.
type Unpacker struct {
	// Dir is the directory to unpack into. It is made if it does not exist.
	Dir string
	// Only, if not empty, unpacks only entries that match one of these patterns, in
	// doublestar's syntax. All entries are checked.
	Only []string
	Limits
	// Unpacked, if not nil, is called after each entry with the entries and the
	// bytes of files so far.
	Unpacked func(entries int, bytes int64)
}

// Staged is an unpacked archive whose files are not in place yet. [Staged.Commit] or [Staged.Discard] must follow.
type Staged struct {
	made   []string // directories made for Dir, the deepest last
	target *os.Root
	root   *os.Root // the staging directory
	name   string   // of the staging directory, in target
	// open is the directory that was written to last. The next file is usually in
	// the same one.
	open     *os.Root
	openName string
	tight    []tightDir
	noMatch  bool // no entry is one of Only
}

// tightDir is a directory that denies its owner something, once it is complete.
type tightDir struct {
	name string
	mode fs.FileMode
}

// Stage unpacks an archive into a new directory below Dir, and reads r to its
// end. Modes are subject to the umask. The error is [Reader]'s, an [*EntryError] with
// the file system's, or ctx's cause once ctx has ended. Then nothing is left.
func (u Unpacker) Stage(ctx context.Context, r io.Reader) (*Staged, error) {
	for _, pattern := range u.Only {
		if !doublestar.ValidatePattern(pattern) {
			return nil, &EntryError{Name: pattern, Reason: "it is not a valid pattern", Err: doublestar.ErrBadPattern}
		}
	}
	staged, err := newStaged(u.Dir)
	if err != nil {
		return nil, &EntryError{Name: cmp.Or(u.Dir, "."), Err: err}
	}
	// Also after a panic: Discard is for the caller only once this returns.
	done := false
	defer func() {
		if !done {
			staged.Discard()
		}
	}()
	buffer := make([]byte, 128<<10)
	entries, bytes := 0, int64(0)
	staged.noMatch = len(u.Only) > 0
	check := newChecker(u.Entries)
	err = each(ctx, r, staged.target.Name(), u.Limits, check, func(entry Entry, content io.Reader) error {
		if u.Wants(entry.Name) {
			staged.noMatch = false
			if err := staged.add(entry, content, check, buffer); err != nil {
				return err
			}
		}
		entries, bytes = entries+1, bytes+entry.Size
		if u.Unpacked != nil {
			u.Unpacked(entries, bytes)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	done = true
	return staged, nil
}

// Wants reports whether an entry of this name is to be unpacked.
func (u Unpacker) Wants(name string) bool {
	return len(u.Only) == 0 || slices.ContainsFunc(u.Only, func(pattern string) bool {
		return doublestar.MatchUnvalidated(pattern, name)
	})
}

func newStaged(dir string) (_ *Staged, err error) {
	s := new(Staged)
	defer func() {
		if err != nil {
			s.Discard()
		}
	}()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if s.made, err = makeAll(dir); err != nil {
		return nil, err
	}
	if s.target, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	staging, err := tempfile.Mkdir(dir, ".artifact-")
	if err != nil {
		return nil, err
	}
	s.name = filepath.Base(staging)
	s.root, err = s.target.OpenRoot(s.name)
	return s, err
}

// makeAll makes a directory and those above it, and returns those that it made.
func makeAll(dir string) (made []string, err error) {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if made, err = makeAll(filepath.Dir(dir)); err != nil {
		return made, err
	}
	if err = os.Mkdir(dir, 0o777); err == nil { //nolint:gosec // less the umask, like mkdir
		made = append(made, dir)
	} else if errors.Is(err, fs.ErrExist) { // another program made it
		err = nil
	}
	return made, err
}

// add unpacks one entry.
func (s *Staged) add(entry Entry, content io.Reader, check *checker, buffer []byte) error {
	if entry.Mode.IsDir() {
		_, err := s.enter(entry.Name, entry.Mode.Perm(), check)
		return err
	}
	dir, err := s.enter(path.Dir(entry.Name), 0o777, check)
	if err != nil {
		return err
	}
	base := path.Base(entry.Name)
	err = write(dir, base, entry, content, buffer)
	if errors.Is(err, fs.ErrExist) {
		if !check.isMade(entry.Name) {
			return sameName(entry.Name)
		}
		if err = dir.Remove(base); err == nil { // the last one counts
			err = write(dir, base, entry, content, buffer)
		}
	}
	if err != nil {
		return onFile(entry.Name, err)
	}
	check.make(entry.Name)
	return nil
}

func write(dir *os.Root, base string, entry Entry, content io.Reader, buffer []byte) error {
	if entry.Mode&fs.ModeSymlink != 0 {
		return dir.Symlink(filepath.FromSlash(entry.Target), base)
	}
	file, err := dir.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, entry.Mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(onlyWriter{file}, content, buffer)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// onlyWriter hides ReadFrom, which would not use the buffer.
type onlyWriter struct{ io.Writer }

// sameName returns the error for two names that the file system does not
// distinguish.
func sameName(name string) error {
	return &EntryError{Name: name, Reason: "this file system cannot tell its name from another entry's", Err: ErrUnstorable}
}

// onFile adds the entry's name to an error of the file system, and returns any other
// error as it is.
func onFile(name string, err error) error {
	if reason := cause(err); reason != err { //nolint:errorlint // whether something was taken off
		return &EntryError{Name: name, Err: reason}
	}
	return err
}

// enter opens a directory, and makes it if it does not exist.
func (s *Staged) enter(name string, mode fs.FileMode, check *checker) (*os.Root, error) {
	if name == "." {
		return s.root, nil
	}
	if s.open != nil && s.openName == name {
		return s.open, nil
	}
	above, err := s.enter(path.Dir(name), 0o777, check)
	if err != nil {
		return nil, err
	}
	base := path.Base(name)
	err = above.Mkdir(base, mode|0o700)
	switch {
	case err == nil:
		check.make(name)
		if mode&0o700 != 0o700 {
			s.tight = append(s.tight, tightDir{name, mode})
		}
	case errors.Is(err, fs.ErrExist) && !check.isMade(name):
		return nil, sameName(name)
	case !errors.Is(err, fs.ErrExist):
		return nil, onFile(name, err)
	}
	opened, err := above.OpenRoot(base)
	if err != nil {
		return nil, onFile(name, err)
	}
	s.leave()
	s.open, s.openName = opened, name
	return opened, nil
}

// leave closes the directory that was written to last.
func (s *Staged) leave() {
	if s.open != nil {
		_ = s.open.Close()
		s.open = nil
	}
}
