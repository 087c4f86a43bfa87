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
	// tempDir has the files that are being written, in the same file system.
	tempDir    = ".tmp"
	lockSuffix = ".lock"
)

// session owns the temporary files of one open store. They are named NAME-1,
// NAME-2 and so on, and belong to the holder of a lock on NAME.lock, which ends
// with the process. So a store can recognize the files of a killed process.
//
// Without locks in the file system, no temporary file is removed.
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
		var err error
		if s.lock, err = root.OpenFile(s.lockPath(), os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode); err != nil {
			return nil, fmt.Errorf("locking: %w", err)
		}
		// An error of Try means that there are no locks here.
		if taken, err := filelock.Try(s.lock); taken || err != nil {
			if _, err := root.Lstat(s.lockPath()); err == nil {
				return s, nil
			}
		}
		// Another store took the file for left over in between, and removes it.
		if err := s.lock.Close(); err != nil {
			return nil, fmt.Errorf("locking: %w", err)
		}
	}
}

func (s *session) lockPath() string { return path.Join(tempDir, s.name+lockSuffix) }

func (s *session) close() error {
	return errors.Join(s.root.Remove(s.lockPath()), s.lock.Close())
}

// temp is a temporary file.
type temp struct {
	*os.File
	root *os.Root
	path string // below root
}

func (t *temp) remove() error { return t.root.Remove(t.path) }

// write creates a temporary file with what fill writes, syncs and closes it.
// After an error, or a panic of fill, it removes the file.
func (s *session) write(fill func(*temp) error) (_ *temp, err error) {
	name := path.Join(tempDir, s.name+"-"+strconv.FormatUint(s.count.Add(1), 10))
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	t := &temp{File: file, root: s.root, path: name}
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

// removeStale removes the files of sessions whose process is gone.
func removeStale(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := removeIfStale(root, entry.Name()); err != nil {
			return err
		}
	}
	return nil
}

func removeIfStale(root *os.Root, name string) error {
	session, _, _ := strings.Cut(strings.TrimSuffix(name, lockSuffix), "-")
	lock, err := root.OpenFile(path.Join(tempDir, session+lockSuffix), os.O_RDWR|openFlags, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// The lock file is the first to come, and nothing else needs it to go.
	case err != nil:
		return err
	default:
		// Until the file is gone, so that its session does not begin meanwhile.
		defer lock.Close() //nolint:errcheck // nothing was written to it
		if taken, err := filelock.Try(lock); err != nil || !taken {
			return nil
		}
	}
	if err := root.Remove(path.Join(tempDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
