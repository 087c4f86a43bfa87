//go:build unix

package artifact

import (
	"errors"
	"os"
	"syscall"
)

// openToRead is [os.Open] for regular files, which no poller can wait for: to
// try that costs five system calls. It does not wait for who writes to a FIFO
// that took the file's name since it was looked at: nothing would end that.
func openToRead(path string) (*os.File, error) {
	flags := syscall.O_RDONLY | syscall.O_CLOEXEC | syscall.O_NONBLOCK
	for {
		fd, err := syscall.Open(path, flags, 0)
		switch err {
		case nil:
			return os.NewFile(uintptr(fd), path), nil
		case syscall.EINTR: // on a slow file system
		case syscall.EAGAIN: // somebody has a lease on the file, and is asked to give it back
			flags &^= syscall.O_NONBLOCK
		default:
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// openToReadIn is openToRead for a file in root.
func openToReadIn(root *os.Root, name string) (*os.File, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.EAGAIN) { // a lease, as in openToRead
		return root.Open(name)
	}
	return file, err
}

func statFile(file *os.File) (os.FileInfo, fileState, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fileState{}, err
	}
	return info, stateOf(info), nil
}

func statPath(path string) (os.FileInfo, fileState, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileState{}, err
	}
	return info, stateOf(info), nil
}

func stateOf(info os.FileInfo) fileState {
	state := fileState{size: info.Size(), modified: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		state.changed = changeTime(sys)
	}
	return state
}
