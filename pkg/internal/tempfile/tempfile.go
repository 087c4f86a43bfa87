// Package tempfile makes files that either take their place or disappear. It keeps a
// list of them, to be removed when a second signal, a lost terminal or a panic ends
// the process.
//
// Start at [Create]; [Rename] or [Remove] must follow.
package tempfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// underWay are the files of this process, which has one end: hence a global.
var underWay = struct {
	sync.Mutex
	files map[*os.File]struct{}
}{files: make(map[*os.File]struct{})}

// Create makes a new file in dir, whose name begins with prefix. Unlike with
// [os.CreateTemp], the umask applies to mode.
func Create(dir, prefix string, mode fs.FileMode) (*os.File, error) {
	underWay.Lock()
	defer underWay.Unlock()
	file, err := os.OpenFile(filepath.Join(dir, prefix+rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		underWay.files[file] = struct{}{}
	}
	return file, err
}

// Rename closes a file and moves it to path, or removes it if that fails.
func Rename(file *os.File, path string) error {
	underWay.Lock()
	defer underWay.Unlock()
	err := file.Close()
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		remove(file)
	}
	delete(underWay.files, file)
	return err
}

// Remove closes and removes a file, unless it was renamed.
func Remove(file *os.File) {
	underWay.Lock()
	defer underWay.Unlock()
	if _, ok := underWay.files[file]; ok {
		remove(file)
		delete(underWay.files, file)
	}
}

// RemoveAll removes all files that are under way, at the end of the process. Later
// calls of this package block, so that nothing is made or renamed after it.
func RemoveAll() {
	underWay.Lock()
	for file := range underWay.files {
		remove(file)
	}
}

// remove closes the file first, since Windows removes no open file.
func remove(file *os.File) {
	if err := file.Close(); err == nil || errors.Is(err, os.ErrClosed) {
		_ = os.Remove(file.Name())
	}
}
