// Package tempfile creates temporary files that are either renamed or removed, and
// directories that are removed, even if a second signal, a lost terminal or a panic
// ends the process.
//
// Start at [Create]; [Rename] or [Remove] must follow. [RemoveDir] follows [Mkdir].
package tempfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// unfinished are the temporary files and directories of this process.
var unfinished = struct {
	sync.Mutex
	files map[*os.File]struct{}
	dirs  map[string]struct{} // by their paths
}{files: make(map[*os.File]struct{}), dirs: make(map[string]struct{})}

// Create creates a new file in the directory of path, whose name begins with
// prefix. The umask applies to mode.
func Create(path, prefix string, mode fs.FileMode) (*os.File, error) {
	return create(os.OpenFile, path, prefix, mode)
}

// CreateIn is [Create] for a path below root. [RenameIn] or [Remove] must follow.
func CreateIn(root *os.Root, path, prefix string, mode fs.FileMode) (*os.File, error) {
	return create(root.OpenFile, path, prefix, mode)
}

func create(open func(string, int, fs.FileMode) (*os.File, error), path, prefix string, mode fs.FileMode) (*os.File, error) {
	unfinished.Lock()
	defer unfinished.Unlock()
	file, err := open(beside(path, prefix+rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		unfinished.files[file] = struct{}{}
	}
	return file, err
}

// beside returns the path of another name in path's directory. It leaves dots as they
// are, since .. after a link leads elsewhere.
func beside(path, name string) string {
	dir, _ := filepath.Split(path)
	return dir + name
}

// Rename closes a file and moves it to path, or removes it if that fails.
func Rename(file *os.File, path string) error {
	return rename(file, func() error { return os.Rename(file.Name(), path) })
}

// RenameIn is [Rename] for a file of [CreateIn], and a path below root in the same
// directory.
func RenameIn(root *os.Root, file *os.File, path string) error {
	return rename(file, func() error {
		return root.Rename(beside(path, filepath.Base(file.Name())), path)
	})
}

func rename(file *os.File, move func() error) error {
	unfinished.Lock()
	defer unfinished.Unlock()
	err := file.Close()
	if err == nil {
		err = move()
	}
	if err != nil {
		remove(file)
	}
	delete(unfinished.files, file)
	return err
}

// Remove closes and removes a file, unless it was renamed.
func Remove(file *os.File) {
	unfinished.Lock()
	defer unfinished.Unlock()
	if _, ok := unfinished.files[file]; ok {
		remove(file)
		delete(unfinished.files, file)
	}
}

// Mkdir creates a new directory in dir, which only this user can enter, and returns
// its path. Its name begins with prefix.
func Mkdir(dir, prefix string) (path string, err error) {
	unfinished.Lock()
	defer unfinished.Unlock()
	path = filepath.Join(dir, prefix+rand.Text())
	if err = os.Mkdir(path, 0o700); err == nil {
		unfinished.dirs[path] = struct{}{}
	}
	return path, err
}

// RemoveDir removes a directory that [Mkdir] made, with everything in it.
func RemoveDir(path string) {
	removeDir(path) // which may take long: others need not wait
	unfinished.Lock()
	defer unfinished.Unlock()
	delete(unfinished.dirs, path)
}

// removeDir tries again when a goroutine that still writes to the directory was
// faster. What was removed takes no further files.
func removeDir(path string) {
	for range 100 {
		removeBelow(path)
		if err := os.Remove(path); err == nil || errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}

// removeBelow removes what is in a directory, which only this user can enter. Unlike
// [os.RemoveAll], it works under wine 8.
func removeBelow(path string) {
	entries, _ := os.ReadDir(path) // as many as can be read
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		if entry.IsDir() {
			removeBelow(name)
		}
		_ = os.Remove(name)
	}
}

// RemoveAll removes all unfinished files and directories, at the end of the process.
// Later calls of this package block.
func RemoveAll() {
	unfinished.Lock()
	for file := range unfinished.files {
		remove(file)
	}
	for dir := range unfinished.dirs {
		removeDir(dir)
	}
}

// remove closes the file first, since Windows cannot remove an open file.
func remove(file *os.File) {
	if err := file.Close(); err == nil || errors.Is(err, os.ErrClosed) {
		_ = os.Remove(file.Name())
	}
}
