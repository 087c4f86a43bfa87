// Package tempfile creates temporary files that are either renamed or removed,
// even if a second signal, a lost terminal or a panic ends the process.
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

// unfinished are the temporary files of this process.
var unfinished = struct {
	sync.Mutex
	files map[*os.File]struct{}
}{files: make(map[*os.File]struct{})}

// Create creates a new file in dir, whose name begins with prefix. The umask
// applies to mode.
func Create(dir, prefix string, mode fs.FileMode) (*os.File, error) {
	unfinished.Lock()
	defer unfinished.Unlock()
	file, err := os.OpenFile(filepath.Join(dir, prefix+rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		unfinished.files[file] = struct{}{}
	}
	return file, err
}

// Rename closes a file and moves it to path, or removes it if that fails.
func Rename(file *os.File, path string) error {
	unfinished.Lock()
	defer unfinished.Unlock()
	err := file.Close()
	if err == nil {
		err = os.Rename(file.Name(), path)
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

// RemoveAll removes all unfinished files, at the end of the process. Later calls
// of this package block.
func RemoveAll() {
	unfinished.Lock()
	for file := range unfinished.files {
		remove(file)
	}
}

// remove closes the file first, since Windows cannot remove an open file.
func remove(file *os.File) {
	if err := file.Close(); err == nil || errors.Is(err, os.ErrClosed) {
		_ = os.Remove(file.Name())
	}
}
