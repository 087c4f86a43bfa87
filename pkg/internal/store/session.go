package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/artifact-cli/artifact/pkg/internal/filelock"
)

const (
	// tempDir holds the files that are being written, in the same file
	// system as their places.
	tempDir    = ".tmp"
	lockSuffix = ".lock"
)

// session owns the temporary files of one open store. They are called NAME-1,
// NAME-2 and so on, and belong to the holder of a lock on NAME.lock; the lock
// ends with the process, however that ends. So a store can tell what a killed
// one left from what a living one is writing.
//
// On a file system without locks, nothing is ever taken for left over.
type session struct {
	root  *os.Root
	name  string
	lock  *os.File
	count atomic.Uint64
}

func newSession(root *os.Root) (*session, error) {
	if err := root.Mkdir(tempDir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	for {
		s := &session{root: root, name: rand.Text()}
		held, err := s.acquire()
		if err != nil {
			return nil, fmt.Errorf("locking: %w", err)
		}
		if held {
			return s, nil
		}
	}
}

// acquire makes the lock file and locks it. It reports false if another store
// took the file for left over in between and is removing it.
func (s *session) acquire() (held bool, err error) {
	lock, err := s.root.OpenFile(s.lockPath(), os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return false, err
	}
	defer func() {
		if !held {
			err = errors.Join(err, lock.Close())
		}
	}()
	if taken, err := filelock.Try(lock); err == nil && !taken {
		return false, nil
	}
	// An error of Try means that there are no locks here.
	mine, err := lock.Stat()
	if err != nil {
		return false, err
	}
	named, err := s.root.Lstat(s.lockPath())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !os.SameFile(mine, named) {
		return false, nil
	}
	s.lock = lock
	return true, nil
}

func (s *session) lockPath() string { return path.Join(tempDir, s.name+lockSuffix) }

func (s *session) close() error {
	return errors.Join(s.root.Remove(s.lockPath()), s.lock.Close())
}

// temp is a file that has no place yet.
type temp struct {
	*os.File
	root *os.Root
	path string // below root
}

func (s *session) create() (*temp, error) {
	name := path.Join(tempDir, s.name+"-"+strconv.FormatUint(s.count.Add(1), 10))
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	return &temp{File: file, root: s.root, path: name}, nil
}

func (t *temp) remove() error { return t.root.Remove(t.path) }

// write makes a file with what fill writes, on the disk and closed, but not in
// its place. An error, or a panic of fill, leaves none.
func (s *session) write(fill func(*temp) error) (_ *temp, err error) {
	t, err := s.create()
	if err != nil {
		return nil, err
	}
	complete := false
	defer func() {
		if !complete {
			_ = t.Close()
			err = errors.Join(err, t.remove())
		}
	}()
	if err := fill(t); err != nil {
		return nil, err
	}
	if err := t.Sync(); err != nil {
		return nil, err
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	complete = true
	return t, nil
}

// removeStale removes the temporary files of sessions whose process is gone.
func removeStale(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), tempDir)
	if err != nil {
		return err
	}
	files := make(map[string][]string)
	for _, entry := range entries {
		name, _, _ := strings.Cut(strings.TrimSuffix(entry.Name(), lockSuffix), "-")
		files[name] = append(files[name], entry.Name())
	}
	for name, left := range files {
		if err := removeSession(root, name, left); err != nil {
			return err
		}
	}
	return nil
}

func removeSession(root *os.Root, name string, left []string) error {
	lockName := name + lockSuffix
	lock, err := root.OpenFile(path.Join(tempDir, lockName), os.O_RDWR|openFlags, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The lock file is the first to come and the last to go.
	case err != nil:
		return err
	default:
		defer lock.Close() //nolint:errcheck // nothing was written to it
		if taken, err := filelock.Try(lock); err != nil || !taken {
			return nil
		}
	}
	for _, file := range left {
		if file == lockName {
			continue
		}
		if err := removeIfThere(root, path.Join(tempDir, file)); err != nil {
			return err
		}
	}
	return removeIfThere(root, path.Join(tempDir, lockName))
}

func removeIfThere(root *os.Root, path string) error {
	if err := root.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
