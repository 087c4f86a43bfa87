//go:build unix

package artifact

import (
	"os"
	"syscall"
)

func statFile(file *os.File) (fileState, error) {
	info, err := file.Stat()
	if err != nil {
		return fileState{}, err
	}
	return stateOf(info), nil
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
