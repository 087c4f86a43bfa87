package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/internal/tempfile"
)

var errOtherFileSystem = errors.New("it is on another file system: unpack there instead")

// Discard removes what was unpacked, and directories made for it. After
// [Staged.Commit] it does nothing.
func (s *Staged) Discard() {
	s.leave()
	if s.root != nil {
		_ = s.root.Close()
	}
	if s.target != nil {
		_ = s.target.Close()
		if s.name != "" {
			tempfile.RemoveDir(filepath.Join(s.target.Name(), s.name))
		}
	}
	for i := range s.made {
		_ = os.Remove(s.made[len(s.made)-1-i]) // unless something is in it by now
	}
	*s = Staged{}
}

// Commit moves what was unpacked into place. Existing files are replaced,
// directories are merged and keep their modes, and everything else is left alone.
// If a file cannot be moved, the error is an [*EntryError]. Commit looks for such
// files before it moves the first one. If nothing matched Only, the error is
// [ErrNoMatch]. If ctx ends before the first move, nothing is moved; if it ends
// later, everything is. The error is ctx's cause in both cases.
func (s *Staged) Commit(ctx context.Context) error {
	defer s.Discard()
	if s.noMatch {
		return ErrNoMatch
	}
	s.leave()
	if err := s.merge(".", func(string) error { return context.Cause(ctx) }); err != nil {
		return err
	}
	s.made = nil
	err := s.merge(".", func(name string) error { return s.target.Rename(path.Join(s.name, name), name) })
	if err != nil {
		return err
	}
	if err := s.tighten(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// merge calls move for each file below a staged directory that is a directory in
// the target too, except for those that are directories in both.
func (s *Staged) merge(dir string, move func(name string) error) error {
	if err := s.checkPlace(dir); err != nil {
		return &EntryError{Name: dir, Err: err}
	}
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		there, err := s.target.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = move(name)
		case err != nil:
		case entry.IsDir() && there.IsDir():
			if err := s.merge(name, move); err != nil {
				return err
			}
		case entry.IsDir():
			return &EntryError{Name: name, Reason: fmt.Sprintf("a directory cannot replace the %s that is there", word(there)), Err: fs.ErrExist}
		case there.IsDir():
			return &EntryError{Name: name, Reason: "a file cannot replace the directory that is there", Err: fs.ErrExist}
		default:
			err = move(name)
		}
		if err != nil {
			return &EntryError{Name: name, Err: err}
		}
	}
	return nil
}

func word(info fs.FileInfo) string {
	if info.Mode()&fs.ModeSymlink != 0 {
		return "link"
	}
	return "file"
}

// checkPlace returns why nothing can be moved into a directory of the target.
func (s *Staged) checkPlace(dir string) error {
	opened, err := s.target.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer opened.Close()
	return checkPlace(opened, s.root)
}

// tighten gives new directories modes that deny their owner something.
func (s *Staged) tighten() error {
	for _, dir := range s.tight {
		if _, err := s.root.Lstat(dir.name); err == nil {
			continue // it was merged into one that keeps its mode
		}
		info, err := s.target.Lstat(dir.name)
		if err == nil {
			err = s.target.Chmod(dir.name, info.Mode().Perm()&^(0o700&^dir.mode))
		}
		if err != nil {
			return &EntryError{Name: dir.name, Err: err}
		}
	}
	return nil
}
