// Package filelock locks a file against other processes. Start at [Try].
package filelock

import "os"

// Try takes the lock on an open file, and reports false if another holder has it.
// The lock ends with the process, or when the file is closed. An error means that
// the file system has no locks.
func Try(file *os.File) (bool, error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var lockErr error
	if err := conn.Control(func(fd uintptr) { lockErr = lock(fd) }); err != nil {
		return false, err
	}
	if isHeld(lockErr) {
		return false, nil
	}
	return lockErr == nil, lockErr
}
