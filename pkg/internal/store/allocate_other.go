//go:build !linux && !darwin

package store

import "os"

// allocate takes the room for size bytes before the first one is written, so
// that a full disk is known before a body is read: NTFS gives a file that is
// made longer its room. If the file system leaves holes, a full disk shows later.
func allocate(file *os.File, size int64) error { return file.Truncate(size) }
