// Package filelock locks a file against other processes. Start at [Try].
package filelock

import "os"

// Try takes the lock on an open file, and reports false if another holder has it.
// The lock ends with the process, or when the file is closed. An error means that
// the file system has no locks.
func Try(file *os.File) (bool, error) {
	err := lock(file.Fd())
	if isHeld(err) {
		return false, nil
	}
	return err == nil, err
}
