// Package filelock locks a file against other processes. Start at [Try].
package filelock

import "os"

// Try locks an open file, and returns false if it is locked already. The lock
// ends with the process, or when the file is closed. An error means that the file
// system does not support locks.
func Try(file *os.File) (bool, error) {
	err := lock(file.Fd())
	if isHeld(err) {
		return false, nil
	}
	return err == nil, err
}
