//go:build unix

package artifact

import (
	"errors"
	"os"
	"syscall"
)

// openToRead opens a file without blocking, should a FIFO have replaced it.
func openToRead(path string) (*os.File, error) { return openWithoutWait(path, os.OpenFile) }

// openToReadIn is openToRead for a file in root.
func openToReadIn(root *os.Root, name string) (*os.File, error) {
	return openWithoutWait(name, root.OpenFile)
}

func openWithoutWait(path string, open func(string, int, os.FileMode) (*os.File, error)) (*os.File, error) {
	file, err := open(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.EAGAIN) { // another process holds a lease, and is now asked to release it
		return open(path, os.O_RDONLY, 0)
	}
	return file, err
}

func statFile(file *os.File) (os.FileInfo, fileState, error) { return withState(file.Stat()) }

func statPath(path string) (os.FileInfo, fileState, error) { return withState(os.Stat(path)) }

func withState(info os.FileInfo, err error) (os.FileInfo, fileState, error) {
	if err != nil {
		return nil, fileState{}, err
	}
	state := fileState{size: info.Size(), modified: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		state.changed = changeTime(sys)
	}
	return info, state, nil
}

// createUnlinked creates a file and removes its name at once.
func createUnlinked(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "artifact-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
