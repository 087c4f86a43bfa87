//go:build unix

package artifact

import (
	"os"
	"syscall"
)

const withoutWaiting = syscall.O_NONBLOCK

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
