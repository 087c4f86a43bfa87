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
	state := fileState{size: info.Size(), modified: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		state.changed = changeTime(sys)
	}
	return state, nil
}
