// Package tempfile makes files that either take their place or disappear. The
// process keeps a list of them, so that whatever ends it can remove those that
// are under way: a second signal, a lost terminal, a panic.
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

// underWay are the files of this process. A process has one end, so this is one
// of the few things that belong to it and to no value.
var underWay = struct {
	sync.Mutex
	files map[*os.File]struct{}
}{files: make(map[*os.File]struct{})}

// Create makes a new file in dir, whose name begins with prefix. The mode is
// less the umask, unlike that of [os.CreateTemp].
func Create(dir, prefix string, mode fs.FileMode) (*os.File, error) {
	underWay.Lock()
	defer underWay.Unlock()
	file, err := os.OpenFile(filepath.Join(dir, prefix+rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		underWay.files[file] = struct{}{}
	}
	return file, err
}

// Rename closes a file and puts it into its place. If that fails the file is gone.
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

// Remove closes a file and removes it, unless it took its place.
func Remove(file *os.File) {
	underWay.Lock()
	defer underWay.Unlock()
	if _, ok := underWay.files[file]; ok {
		remove(file)
		delete(underWay.files, file)
	}
}

// RemoveAll removes all files that are under way. It is for the end of the
// process: whoever calls a function of this package afterwards waits for ever, so
// that nothing is made or renamed behind its back.
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
